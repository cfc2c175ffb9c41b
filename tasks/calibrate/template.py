"""How the page of a calibration is set."""

STYLE_OF_PLOTS = """
.plot-svg{width:100%;max-width:36rem;display:block;font-size:11px}
.plot-svg text{fill:var(--soft);font-variant-numeric:tabular-nums}
.plot-svg .grid{stroke:var(--line);stroke-width:1}
.plot-svg .base{stroke:var(--axis);stroke-width:1}
.plot-svg .guide{stroke:var(--ink);stroke-width:1;stroke-dasharray:4 4;fill:none}
.holds::before{background:var(--good);border-color:var(--good)}
.missed::before{background:var(--bad);border-color:var(--bad)}
.plot-svg .line{fill:none;stroke-width:1.4}
""" + "".join(
    f".plot-svg circle.s{i},.key .s{i}{{fill:var(--s{i});background:var(--s{i})}}"
    f".plot-svg .line.s{i}{{stroke:var(--s{i})}}\n"
    for i in range(1, 9)
)

PAGE = """\
{%- import "macros" as set -%}
{%- macro plot(figure) -%}
<figure>{{ figure.svg }}
<figcaption>{% if figure.key %}<span class="key" aria-hidden="true">
{%- for place, name in figure.key %}<span><i class="s{{ place }}"></i>{{ name }}</span>
{%- endfor %}</span>{% endif %}{{ figure.note }}</figcaption></figure>
{%- endmacro -%}
<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; \
style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<meta name="referrer" content="no-referrer">
<title>Calibration</title>
<style>{{ style }}</style>
</head>
<body>
<a class="skip" href="#checks">Skip to the calibration</a>
<nav aria-label="Contents">
<ol>
<li><a href="#checks">Summary</a></li>
<li><a href="#null">Nothing there</a></li>
<li><a href="#planted">Something there</a></li>
<li><a href="#placebos">Placebos</a></li>
</ol>
</nav>
<main>
<header id="checks">
<p class="kicker">Assay {{ dot }} calibration</p>
<h1>How often discovery is wrong</h1>
<p class="span">{{ span }}</p>
<dl class="tiles">
{%- for figure, noun in tiles %}
<div><dt>{{ noun }}</dt><dd>{{ figure }}</dd></div>
{%- endfor %}
</dl>
<p>The whole of discovery, as this profile has it, on markets whose truth is known. A figure that \
misses what is wanted may do so by chance: more markets tell.</p>
{{ set.table(checks) }}
</header>
<section id="null">
<h2>Where there is nothing</h2>
{%- if null %}
<p>Markets whose prices are martingales: volatility, volume and flow can be foretold, direction \
cannot. Everything that was found is false.</p>
{{ set.table(null.false) }}
<div class="pair">
{{ plot(null.quantiles) }}
{{ plot(null.sizes) }}
</div>
<h3>Size by test</h3>
{{ set.table(null.tests) }}
<h3>Even p-values</h3>
<p>Kolmogorov and Smirnov's distance; its p from markets drawn anew. The Cauchy combination is \
built for small p and need not be even elsewhere.</p>
{{ set.table(null.uniformity) }}
<details><summary>By family and horizon</summary>{{ set.table(null.cells) }}</details>
<details><summary>By condition</summary>{{ set.table(null.conditions) }}</details>
{%- else %}
<p>No null market was asked for: put 0 among the effects.</p>
{%- endif %}
</section>
<section id="planted">
<h2>Where something is planted</h2>
{%- if planted.any %}
<p>The same markets with a drift after each spike. What each hypothesis truly estimates is worked \
out from the drift alone, so events that stand near spikes have true effects too. A finding is \
right when its true effect has its sign and at least half the planted size, false when it is \
within 2 % of it from nothing.</p>
<div class="pair">
{{ plot(planted.power) }}
{{ plot(planted.by_n) }}
</div>
{{ set.table(planted.power_table) }}
<h3>Before selection</h3>
<p>The estimates of the planted hypothesis with the most occurrences, whatever was said of it.</p>
{{ set.table(planted.bias) }}
{{ set.table(planted.coverage) }}
<h3>After selection</h3>
<p>What is shown of findings, against what is true of them.</p>
{{ plot(planted.selected) }}
{{ set.table(planted.selected_table) }}
{{ set.table(planted.accuracy) }}
{%- else %}
<p>Nothing was planted: put an effect above 0 among the effects.</p>
{%- endif %}
</section>
<section id="placebos">
<h2>Placebos</h2>
{%- if placebos %}
<p>The discovery era of {{ own }} with its outcomes moved in a circle, moved block by block, \
turned in sign by calendar block, or permuted, in all markets alike. Events know nothing of \
them: findings here are false, or say that the test does not fit these bars.</p>
{{ set.table(placebos) }}
{%- else %}
<p>No placebo was asked for.</p>
{%- endif %}
</section>
</main>
</body>
</html>
"""
