"""Sections on what is left of it: gates, costs, blueprints, calibration, provenance."""

TRUST = """\
{%- from "macros" import table, chart -%}
<section id="funnel">
<h2>Funnel</h2>
{%- if funnel.empty %}
<p>There was no hypothesis to send through the gates.</p>
{%- else %}
<p>Every hypothesis meets the gates in this order; the first that it fails stops it.</p>
{{ chart(funnel.chart) }}
<details><summary>As a table</summary>{{ table(funnel.table) }}</details>
{%- endif %}
</section>

<section id="costs">
<h2>After costs, out of sample</h2>
<p>{{ costs.sentence }}</p>
{%- if not costs.empty %}
{{ table(costs.table) }}
<h3>When things are worse</h3>
{{ table(costs.worse) }}
{%- if costs.spent %}
<h3>Where the gross went</h3>
{{ table(costs.spent) }}
{%- endif %}
{%- if costs.further %}
<details><summary>{{ costs.further.caption }}</summary>{{ table(costs.further) }}</details>
{%- endif %}
{%- if costs.chart %}
<h3>Cumulative net result</h3>
{{ chart(costs.chart) }}
{%- else %}
<p class="quiet">None of them made a trade in a fold that counts.</p>
{%- endif %}
{%- endif %}
</section>

<section id="stress">
<h2>Walked forward, and under stress</h2>
<p>{{ stress.sentence }}</p>
{%- for one in stress.each %}
<article class="stressed">
<h3>{{ one.title }}\
{%- if one.verdict %} <span class="chip {{ one.verdict | replace(' ', '-') }}">{{ one.verdict }}\
</span>{% endif %}</h3>
<p class="quiet">{{ one.told }}</p>
{%- if one.panels | map(attribute=1) | select | list %}
<div class="panels">
{%- for title, drawn in one.panels %}
<div{% if loop.first %} class="wide"{% endif %}>
<h4>{{ title }}</h4>
{%- if drawn %}
{{ chart(drawn) }}
{%- else %}
<p class="quiet">Not known.</p>
{%- endif %}
</div>
{%- endfor %}
</div>
{%- else %}
<p class="quiet">No trade to draw.</p>
{%- endif %}
<div class="pair">
<div>
<h4>Gates</h4>
{%- if one.gates.table %}
{{ table(one.gates.table) }}
{%- for gate, why in one.gates.reasons %}
<p class="reason">{{ gate }}: {{ why }}</p>
{%- endfor %}
{%- else %}
<p class="quiet">No gate was asked.</p>
{%- endif %}
</div>
{%- if one.slices %}
<div>
<h4>Year, market, regime</h4>
{{ chart(one.slices.chart) }}
{%- if one.slices.hidden %}
<p class="quiet">{{ one.slices.hidden }} with fewer trades not drawn.</p>
{%- endif %}
</div>
{%- endif %}
</div>
</article>
{%- endfor %}
</section>

{%- if search %}
<section id="search">
<h2>After the search</h2>
<p>All findings traded at once, day by day in the confirmation era, and those promoted: how much \
of their profit a search as long as this one would show without any skill.</p>
{%- for told in search.sentences %}
<p>{{ told }}</p>
{%- endfor %}
{{ table(search.table) }}
</section>
{%- endif %}

<section id="blueprints">
<h2>Blueprints</h2>
{%- if cards.sentence %}
<p>{{ cards.sentence }}</p>
{%- endif %}
{%- if cards.cards %}
<div class="cards">
{%- for card in cards.cards %}
<article class="card">
<h3>{{ card.title }}</h3>
<p class="quiet"><code>{{ card.name }}</code></p>
{%- for part in card.parts %}
<h4>{{ part.title }}</h4>
{{ part.body }}
{%- endfor %}
<h4>Run it</h4>
<pre>{{ card.command }}</pre>
{%- for part in card.folded %}
<details><summary>{{ part.title }}</summary>{{ part.body }}</details>
{%- endfor %}
<details><summary>Document</summary><pre>{{ card.json }}</pre></details>
</article>
{%- endfor %}
</div>
{%- endif %}
</section>

<section id="calibration">
<h2>Calibration at a glance</h2>
<p>{{ calibration.sentence }}</p>
{%- if not calibration.empty %}
{%- if calibration.alarm %}
<p class="alarm" role="alert">{{ calibration.alarm }}.</p>
{%- endif %}
<div class="pair">
{{ chart(calibration.histogram) }}
{{ chart(calibration.quantiles) }}
</div>
{{ table(calibration.table) }}
{%- if calibration.judged %}
<h3>What the judgement counted</h3>
{{ table(calibration.judged) }}
{%- endif %}
{%- endif %}
</section>

<footer id="provenance">
<h2>Provenance</h2>
<p>{{ provenance.sentence }}</p>
<p class="key">
{%- for name, version in provenance.libraries %}
<span>{{ name }} <code>{{ version }}</code></span>
{%- endfor %}
</p>
<details><summary>{{ provenance.n_tables }}</summary>{{ table(provenance.tables) }}</details>
<details><summary>Configuration</summary><pre>{{ provenance.settings }}</pre></details>
</footer>
"""
