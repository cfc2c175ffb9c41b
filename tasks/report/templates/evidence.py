"""Sections on the data and on what was found in them."""

EVIDENCE = """\
{%- from "macros" import table, chart -%}
<section id="quality">
<h2>Data quality</h2>
<p>{{ quality.sentence }}</p>
{{ table(quality.summary) }}
{%- if quality.strip %}
<h3>Missing bars by month</h3>
{{ chart(quality.strip) }}
<p class="key" aria-hidden="true">missing a month:
{%- for told in quality.classes %}
<span><i class="gap{{ loop.index0 }}"></i>{{ told }}</span>
{%- endfor %}
</p>
{%- endif %}
<details><summary>Every check</summary>{{ table(quality.checks) }}</details>
</section>

<section id="events">
<h2>Events</h2>
<p>{{ occurrences.sentence }}</p>
{%- if not occurrences.empty %}
{%- if occurrences.shares | length > 1 %}
{{ chart(occurrences.quarters) }}
<div class="pair">
{%- for drawn in occurrences.shares %}
{{ chart(drawn) }}
{%- endfor %}
</div>
<details><summary>Per market</summary>{{ table(occurrences.by_market) }}</details>
{%- else %}
<div class="pair">
{{ chart(occurrences.shares[0]) }}
{{ chart(occurrences.quarters) }}
</div>
{{ table(occurrences.by_market) }}
{%- endif %}
<details><summary>Per year</summary>{{ table(occurrences.by_year) }}</details>
{%- endif %}
{%- if occurrences.absent %}
<h3>Not run</h3>
{{ table(occurrences.absent) }}
{%- endif %}
{%- if book %}
<p><a href="{{ book }}">The book of events</a>: a page for each, with its definition, real \
occurrences and the events that it stands with.</p>
{%- endif %}
</section>

{%- if planted %}
<section id="planted">
<h2>Planted and found</h2>
<p>{{ planted.sentence }}</p>
{{ table(planted.table) }}
{%- if planted.each %}
<details><summary>Market by market</summary>{{ table(planted.each) }}</details>
{%- endif %}
</section>
{%- endif %}

<section id="findings">
<h2>Findings</h2>
<p>{{ findings.sentence }}</p>
{%- if not findings.empty %}
{{ table(findings.table) }}
{%- if findings.words %}
<ul class="best">
{%- for told in findings.words %}
<li>{{ told }}</li>
{%- endfor %}
</ul>
{%- endif %}
<details><summary>{{ findings.estimates.caption }}</summary>{{ table(findings.estimates) }}\
</details>
<details><summary>{{ findings.tests.caption }}</summary>{{ table(findings.tests) }}</details>
{%- if findings.further %}
<details><summary>{{ findings.further.caption }}</summary>{{ table(findings.further) }}</details>
{%- endif %}
{%- if findings.forest %}
<h3>Found, believed, out of sample</h3>
{{ chart(findings.forest) }}
{%- endif %}
{%- endif %}
{%- if insufficient %}
<h3>Not enough evidence</h3>
<p>{{ insufficient.sentence }}</p>
{%- if insufficient.table %}
<details><summary>{{ insufficient.table.caption }}</summary>{{ table(insufficient.table) }}\
</details>
{%- endif %}
{%- endif %}
<h3>Event studies</h3>
<p>{{ curves.sentence }}</p>
{%- if curves.curves %}
<div class="pair">
{%- for curve in curves.curves %}
<article>
<h4><code>{{ curve.event }}</code> <span>{{ curve.where }}</span></h4>
<p class="quiet">{{ curve.told }}</p>
{{ chart(curve.chart) }}
</article>
{%- endfor %}
</div>
{%- endif %}
</section>

<section id="stability">
<h2>Stability</h2>
<p>{{ stability.sentence }}</p>
{%- if not stability.empty %}
<div class="pair">
{%- for drawn in stability.charts %}
<article>
<h4>{{ drawn.title }}</h4>
<p class="quiet">{{ drawn.told }}</p>
{{ chart(drawn.chart) }}
</article>
{%- endfor %}
</div>
<details><summary>{{ stability.table.caption }}</summary>{{ table(stability.table) }}</details>
{%- endif %}
</section>

<section id="fusion">
<h2>Fusion of the engines</h2>
<p>{{ fusion.sentence }}</p>
{%- if not fusion.empty %}
<ul class="best">
{%- for told in fusion.verdicts %}
<li>{{ told }}</li>
{%- endfor %}
</ul>
{%- if fusion.chart %}
{{ chart(fusion.chart) }}
{%- endif %}
{{ table(fusion.table) }}
<p class="quiet">{{ fusion.remark }}</p>
{%- if fusion.markets %}
<details><summary>{{ fusion.markets.caption }}</summary>{{ table(fusion.markets) }}</details>
{%- endif %}
{%- endif %}
</section>
"""
