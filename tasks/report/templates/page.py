"""The page's skeleton and its first screen."""

PAGE = """\
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
<title>Discovery report: {{ headline.title }}</title>
<style>{{ style }}</style>
</head>
<body>
<a class="skip" href="#headline">Skip to the report</a>
<nav aria-label="Contents">
<ol>
{%- for name, title in contents %}
<li><a href="#{{ name }}">{{ title }}</a></li>
{%- endfor %}
</ol>
</nav>
<main>
<header id="headline">
<p class="kicker">Assay {{ dot }} discovery report</p>
<h1>{{ headline.title }}</h1>
<p class="span">{{ headline.span }}</p>
<dl class="tiles">
{%- for figure, noun in headline.tiles %}
<div><dt>{{ noun }}</dt><dd>{{ figure }}</dd></div>
{%- endfor %}
</dl>
<div class="columns">
<section><h2>Asked</h2><p>{{ headline.asked }}</p></section>
<section><h2>Found</h2><p class="found">{{ headline.found }}</p></section>
</div>
{%- if headline.alarm %}
<p class="alarm" role="alert">{{ headline.alarm }}.</p>
{%- endif %}
{%- if headline.best %}
<ul class="best">
{%- for told in headline.best %}
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
{% include "evidence" %}
{% include "trust" %}
</main>
<script>{{ plotly }}</script>
<script>{{ script }}</script>
</body>
</html>
"""
