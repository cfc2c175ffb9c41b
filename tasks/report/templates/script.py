"""The page's script: draws the charts in the colours of the scheme, again when that changes."""

SCRIPT = r"""
(function () {
  "use strict";
  var root = document.documentElement, NARROW = 560, PAPER = 960, HALF_PAPER = 460;
  var THIRD_PAPER = 300;
  var charts = Array.prototype.map.call(
    document.querySelectorAll("script[data-chart]"),
    function (source) {
      return {
        place: document.getElementById(source.getAttribute("data-chart")),
        figure: JSON.parse(source.textContent)
      };
    });

  function colour(role, style) {
    var parts = role.slice(1).split("/");
    var hex = style.getPropertyValue("--" + parts[0]).trim();
    if (parts.length === 1) return hex;
    if (hex.length === 4) hex = "#" + hex[1] + hex[1] + hex[2] + hex[2] + hex[3] + hex[3];
    var rgb = [1, 3, 5].map(function (at) { return parseInt(hex.substr(at, 2), 16); });
    return "rgba(" + rgb.join(",") + "," + parts[1] + ")";
  }

  function coloured(value, style) {
    if (typeof value === "string") {
      return /^@[a-z]+[0-9]?(\/[0-9.]+)?$/.test(value) ? colour(value, style) : value;
    }
    if (Array.isArray(value)) return value.map(function (v) { return coloured(v, style); });
    if (value && typeof value === "object") {
      var copy = {};
      Object.keys(value).forEach(function (name) { copy[name] = coloured(value[name], style); });
      return copy;
    }
    return value;
  }

  function paperWidth(place) {
    if (place.closest(".panels > :not(.wide)")) return THIRD_PAPER;
    if (place.closest(".panels")) return 2 * THIRD_PAPER;
    return place.closest(".pair") ? HALF_PAPER : PAPER;
  }

  function draw(chart) {
    var style = getComputedStyle(root), onPaper = root.classList.contains("paper");
    var figure = coloured(chart.figure, style), layout = figure.layout;
    layout.font.family = getComputedStyle(document.body).fontFamily;
    layout.autosize = !onPaper;
    if (onPaper) layout.width = paperWidth(chart.place);
    if (layout.meta && !onPaper && chart.place.clientWidth < NARROW) {
      layout.yaxis.ticktext = layout.meta.short;
    }
    Plotly.react(chart.place, figure.data, layout,
      { displayModeBar: false, responsive: true, doubleClick: false });
  }

  function drawAll() { charts.forEach(draw); }

  var scheme = window.matchMedia("(prefers-color-scheme: dark)");
  if (scheme.addEventListener) scheme.addEventListener("change", drawAll);
  window.addEventListener("beforeprint", function () { root.classList.add("paper"); drawAll(); });
  window.addEventListener("afterprint", function () { root.classList.remove("paper"); drawAll(); });
  drawAll();

  var links = {};
  document.querySelectorAll("nav a").forEach(function (link) {
    links[link.getAttribute("href").slice(1)] = link;
  });
  if (!("IntersectionObserver" in window)) return;
  var watch = new IntersectionObserver(function (entries) {
    entries.forEach(function (entry) {
      if (!entry.isIntersecting) return;
      Object.keys(links).forEach(function (name) { links[name].removeAttribute("aria-current"); });
      links[entry.target.id].setAttribute("aria-current", "true");
    });
  }, { rootMargin: "-20% 0px -70% 0px" });
  Object.keys(links).forEach(function (name) {
    var target = document.getElementById(name);
    if (target) watch.observe(target);
  });
})();
"""
