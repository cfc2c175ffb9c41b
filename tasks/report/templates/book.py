"""The book of events: an index, the overlap, and a page for each event."""

BOOK = """\
{%- import "macros" as set -%}
<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; \
style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<meta name="referrer" content="no-referrer">
<title>Book of events: {{ title }}</title>
<style>{{ style }}</style>
</head>
<body>
<a class="skip" href="#index">Skip to the book</a>
<nav aria-label="Contents">
<ol>
<li><a href="#index">Index</a></li>
{%- if absent %}
<li><a href="#absent">Not run</a></li>
{%- endif %}
<li><a href="#overlap">Overlap</a></li>
{%- for family, names in families %}
<li><a href="#event-{{ names[0] }}">{{ family | replace("_", " ") }}</a></li>
{%- endfor %}
</ol>
</nav>
<main>
<header id="index">
<p class="kicker">Assay {{ dot }} book of events</p>
<h1>{{ title }}</h1>
<p class="span">{{ span }}</p>
<dl class="tiles">
{%- for figure, noun in tiles %}
<div><dt>{{ noun }}</dt><dd>{{ figure }}</dd></div>
{%- endfor %}
</dl>
<p>{{ sentence }} An event stands at the bar at whose close it became known, and not again until \
its condition has been off for {{ cooldown }}.</p>
{{ set.table(index) }}
</header>
{%- if absent %}
<section id="absent">
<h2>Not run</h2>
<p>An event that could not run is not one that found nothing.</p>
{{ set.table(absent) }}
</section>
{%- endif %}
<section id="overlap">
<h2>Overlap</h2>
{%- if overlap.heatmap %}
<p>Of the occurrences of the event in the row, the share that has one of the event in the column \
in the same market within {{ overlap.within }} on either side, beyond what chance gives: a \
frequent event is near to everything. Two names that are strong both ways are near-duplicates on \
these bars: as hypotheses they are one. They are framed where both shares are at least \
{{ overlap.least }} %.</p>
<figure>
<div class="scroll" tabindex="0" role="region" aria-label="Overlap of the events">\
{{ overlap.heatmap }}</div>
<figcaption class="key" aria-hidden="true">beyond chance:
{%- for told, step in overlap.key %}
<span><i class="heat-key" style="opacity:{{ step }}"></i>{{ told }} %</span>
{%- endfor %}
</figcaption>
</figure>
<h3>Near-duplicates</h3>
{%- if overlap.duplicates %}
{{ set.table(overlap.duplicates) }}
{%- else %}
<p>No two events share {{ overlap.least }} % of their occurrences beyond chance.</p>
{%- endif %}
{%- else %}
<p>Fewer than two events stood, so none stands beside another.</p>
{%- endif %}
</section>
{%- for entry in entries %}
<section class="event" id="event-{{ entry.name }}">
<p class="kicker">{{ entry.family | replace("_", " ") }}</p>
<h2><code>{{ entry.name }}</code></h2>
{%- for paragraph in entry.definition %}
<p>{{ paragraph }}</p>
{%- endfor %}
<p class="quiet">Needs {{ entry.needs }}.{% for parameter in entry.parameters %} \
<code class="parameter">{{ parameter }}</code>{% endfor %}</p>
{%- for reason in entry.reasons %}
<p class="reason">{{ reason }}</p>
{%- endfor %}
{%- if entry.pictures %}
<div class="scenes">
{%- for picture in entry.pictures %}
<figure>{{ picture.svg }}<figcaption>{{ picture.caption }}<br>{{ picture.detail }}</figcaption>\
</figure>
{%- endfor %}
</div>
<p class="quiet">{{ around[0] }} bars before and {{ around[1] }} after; line: the close at which \
it became known, veiled: what nobody knew then, dashed: where it began, triangle: its side, dot: \
it has none.</p>
{%- endif %}
{%- if entry.years %}
{{ set.table(entry.years) }}
{%- elif entry.silence %}
<p>{{ entry.silence }}</p>
{%- endif %}
{%- if entry.beside %}
{{ set.table(entry.beside) }}
{%- endif %}
</section>
{%- endfor %}
</main>
</body>
</html>
"""
