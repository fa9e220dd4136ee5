// Draws the charts. Each takes its figures from the table beside it, which says the same to those who do not see it.
"use strict";

(() => {
  const style = getComputedStyle(document.documentElement);
  const color = (name, otherwise) => style.getPropertyValue(name).trim() || otherwise;
  const palette = [
    color("--tblr-primary", "#206bc4"), color("--tblr-red", "#d63939"), color("--tblr-green", "#2fb344"),
    color("--tblr-orange", "#f76707"),
  ];
  const ink = color("--tblr-secondary", "#667382");
  const rule = color("--tblr-border-color", "#dce1e7");
  const lang = document.documentElement.lang;

  const figures = (table) => {
    const heads = [...table.querySelectorAll("thead th")];
    const rows = [...table.querySelectorAll("tbody tr")].map((row) => [...row.cells]);
    const shown = heads.map((_, i) => i).filter((i) => !("skip" in heads[i].dataset));
    return {
      labels: shown.map((i) => heads[i].textContent),
      data: shown.map((i) => rows.map((cells) => ("value" in cells[i].dataset ? Number(cells[i].dataset.value) : null))),
    };
  };

  const draw = (box) => {
    const { labels, data } = figures(document.getElementById(box.dataset.chart));
    const zone = box.dataset.zone;
    const seconds = data[0][data[0].length - 1] - data[0][0];
    const clock = new Intl.DateTimeFormat(lang, { timeZone: zone, hour: "numeric", minute: "2-digit" });
    const day = new Intl.DateTimeFormat(lang, { timeZone: zone, month: "numeric", day: "numeric" });
    const stepped = "step" in box.dataset;
    if (stepped) { // a level stays as it is until now
      data.forEach((list, i) => list.push(i === 0 ? Number(box.dataset.to) : list[list.length - 1]));
    }
    const axis = { stroke: ink, grid: { stroke: rule, width: 1 }, ticks: { stroke: rule, width: 1 } };
    const chart = new uPlot({
      width: box.clientWidth,
      height: 220,
      tzDate: (at) => uPlot.tzDate(new Date(at * 1e3), zone),
      cursor: { drag: { setScale: false } },
      legend: { show: labels.length > 2 },
      scales: { y: { range: (_, low, high) => [Math.min(0, low), Math.max(1, high * 1.05)] } },
      axes: [
        { ...axis, values: (_, list) => list.map((at) => (seconds > 2 * 86400 ? day : clock).format(at * 1e3)) },
        { ...axis, size: 60, values: (_, list) => list.map((n) => n.toLocaleString(lang)) },
      ],
      series: [{ label: labels[0], value: (_, at) => (at === null ? "" : `${day.format(at * 1e3)} ${clock.format(at * 1e3)}`) }].concat(
        labels.slice(1).map((label, i) => ({
          label, stroke: palette[i % palette.length], width: 2, dash: i > 0 ? [6 + 2 * i, 3] : undefined, points: { show: !stepped, size: 5 },
          paths: stepped ? uPlot.paths.stepped({ align: 1 }) : undefined,
          value: (_, n) => (n === null ? "" : n.toLocaleString(lang)),
        })),
      ),
    }, data, box);
    new ResizeObserver(() => chart.setSize({ width: box.clientWidth, height: 220 })).observe(box);
  };

  document.querySelectorAll("[data-chart]").forEach(draw);
})();
