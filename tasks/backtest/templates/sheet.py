"""The tear sheet's skeleton and sections."""

SHEET = """\
{%- from "macros" import table, chart -%}
<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; \
script-src 'unsafe-inline'; style-src 'unsafe-inline'; img-src data: blob:; base-uri 'none'; \
form-action 'none'">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<meta name="referrer" content="no-referrer">
<title>Back-test: {{ headline.title }}</title>
<style>{{ style }}</style>
</head>
<body>
<a class="skip" href="#headline">Skip to the tear sheet</a>
<nav aria-label="Contents">
<ol>
{%- for name, title in contents %}
<li><a href="#{{ name }}">{{ title }}</a></li>
{%- endfor %}
</ol>
</nav>
<main>
<header id="headline">
<p class="kicker">Assay {{ dot }} back-test {{ dot }} <code>{{ headline.name }}</code></p>
<h1>{{ headline.title }}</h1>
<p class="span">{{ headline.span }}</p>
{%- for told in headline.alarms %}
<p class="alarm" role="alert">{{ told }}</p>
{%- endfor %}
{%- if headline.tiles %}
<dl class="tiles">
{%- for tile in headline.tiles %}
<div><dt>{{ tile.label }}</dt>\
<dd class="value">{{ tile.value }}{% if tile.unit %} <span class="unit">{{ tile.unit }}</span>\
{% endif %}</dd>
{%- if tile.interval %}<dd class="small">95 %: {{ tile.interval }}</dd>{% endif %}
{%- if tile.note %}<dd class="small">{{ tile.note }}</dd>{% endif %}</div>
{%- endfor %}
</dl>
{%- endif %}
{%- if headline.notes %}
<ul class="best" id="notes">
{%- for told in headline.notes %}
<li>{{ told }}</li>
{%- endfor %}
</ul>
{%- endif %}
<aside>
<h2>Keep in mind</h2>
<ul>
{%- for told in headline.caveats %}
<li>{{ told }}</li>
{%- endfor %}
</ul>
</aside>
</header>
<noscript><p class="quiet">Charts need JavaScript; the tables hold the same numbers.</p></noscript>

<section id="equity">
<h2>Equity</h2>
{%- if equity.chart %}
{{ chart(equity.chart) }}
{%- else %}
<p>{{ equity.sentence }}</p>
{%- endif %}
{%- if equity.eras %}
{%- if equity.in_sample %}
<p>The discovery era is where the rule was found: what it earns there is no evidence.</p>
{%- endif %}
{{ table(equity.eras) }}
{%- endif %}
</section>

{%- if engine %}

<section id="engines">
<h2>Engines</h2>
{%- if engine.comparison %}
<p><strong>{{ engine.comparison }}.</strong> The best member is known only now that all is over.</p>
{%- endif %}
{{ table(engine.members) }}
</section>

<section id="structure">
<h2>Structure</h2>
{%- for drawn in engine.pictures %}
<figure class="picture">
<img src="{{ drawn.source }}" alt="The last bars of {{ drawn.market }} with zones, swings, phases, \
decisions and score">
<figcaption>{{ drawn.market }}</figcaption>
</figure>
{%- else %}
<p>There is no bar to draw.</p>
{%- endfor %}
{%- if engine.rest %}
<p class="quiet">{{ engine.rest }} beside this page.</p>
{%- endif %}
</section>

<section id="decisions">
<h2>Decisions</h2>
<p>{{ engine.n_decisions }}, each taken at the close of its bar and done at the next one's open.</p>
{%- if engine.decisions %}
{{ table(engine.decisions) }}
{%- endif %}
</section>
{%- endif %}

<section id="months">
<h2>Months</h2>
{%- if months.rows %}
<div class="scroll" tabindex="0" role="region" aria-label="Returns by month">
<table class="months" id="table-months">
<caption>Returns by month and year, in percent</caption>
<thead><tr><th scope="col">%</th>{% for name in months.names %}<th scope="col">{{ name }}</th>\
{% endfor %}<th scope="col">year</th></tr></thead>
<tbody>
{%- for row in months.rows %}
<tr><th scope="row">{{ row.year }}</th>
{%- for text, shade in row.cells %}<td{% if shade %} class="{{ shade }}"{% endif %}>{{ text }}</td>
{%- endfor %}<td class="year">{{ row.total }}</td></tr>
{%- endfor %}
</tbody>
</table>
</div>
<p class="quiet">Percent of the equity at the month's start; blue above zero, orange below, the \
stronger the more. {{ missing }}: no bars, or nothing left.</p>
{%- else %}
<p>{{ equity.sentence }}</p>
{%- endif %}
</section>

<section id="results">
<h2>Trades</h2>
{%- if no_trades %}
<p>{{ no_trades }}</p>
{%- else %}
<div class="pair">
<article><h3>Net result of each trade</h3>
{%- if trades.distribution %}{{ chart(trades.distribution) }}{% else %}
<p>{{ trades.single }}</p>{% endif %}</article>
<article><h3>From gross to net</h3>
{%- if trades.waterfall %}{{ chart(trades.waterfall) }}{% endif %}
{{ table(trades.costs) }}</article>
</div>
<div class="pair">
{%- for grid in trades.groups %}
<article><h3>{{ grid.caption }}</h3>{{ table(grid) }}</article>
{%- endfor %}
</div>
{%- for grid in trades.listed %}
<h3>{{ grid.caption }}</h3>
{{ table(grid) }}
{%- endfor %}
{%- endif %}
</section>

<section id="excursions">
<h2>On the way</h2>
{%- if no_trades %}
<p>{{ no_trades }}</p>
{%- else %}
<p>How far the price went against the position and in its favour, beside what was left of it: \
losers that once were far ahead ask for other exits, winners that once were far behind for luck.</p>
<div class="pair">
{%- for drawn in trades.excursions %}
<article>{{ chart(drawn) }}</article>
{%- endfor %}
</div>
{%- endif %}
</section>

<section id="held">
<h2>Exposure</h2>
{%- if exposure.table %}
{{ table(exposure.table) }}
{%- if exposure.chart %}{{ chart(exposure.chart) }}{% endif %}
{%- else %}
<p>{{ equity.sentence }}</p>
{%- endif %}
</section>

<section id="orders">
<h2>Orders</h2>
<p>{{ orders.sentence }}</p>
{%- if orders.table %}
{{ table(orders.table) }}
{%- endif %}
{%- if fills %}
<h3>Fills</h3>
{{ table(fills) }}
{%- endif %}
{%- if bars %}
<h3>Bars</h3>
{{ table(bars) }}
{%- endif %}
</section>

<section id="metrics">
<h2>All metrics</h2>
{%- if metrics.rows %}
{{ table(metrics) }}
{%- else %}
<p>Nothing was measured.</p>
{%- endif %}
</section>

<section id="card">
<h2>{{ 'The engine' if engine else 'The blueprint' }}</h2>
{%- if card %}
<article class="card">{{ card }}</article>
{%- else %}
<p>It has no card.</p>
{%- endif %}
</section>
</main>
<script>{{ plotly }}</script>
<script>{{ script }}</script>
</body>
</html>
"""
