// Draws the charts. Each reads its data from the table beside it, which shows the same to those who cannot see the chart.
"use strict";

(() => {
  // A canvas does not resolve CSS variables, so an element of the page resolves them in the current theme.
  const color = (name) => {
    const probe = document.createElement("span");
    probe.style.color = `var(${name})`;
    document.body.append(probe);
    const found = getComputedStyle(probe).color;
    probe.remove();
    return found;
  };
  const palette = ["--tblr-primary", "--tblr-red", "--tblr-green", "--tblr-orange"].map(color);
  const ink = color("--tblr-secondary");
  const rule = color("--tblr-border-color");
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
    const whole = data.slice(1).flat().every((n) => n === null || Number.isInteger(n)); // counts need no decimals on the axis
    if (stepped) { // a level lasts until now
      data.forEach((list, i) => list.push(i === 0 ? Number(box.dataset.to) : list[list.length - 1]));
    }
    const axis = { stroke: ink, grid: { stroke: rule, width: 1 }, ticks: { stroke: rule, width: 1 } };
    const chart = new uPlot({
      width: box.clientWidth,
      height: 220,
      tzDate: (at) => uPlot.tzDate(new Date(at * 1e3), zone),
      cursor: { drag: { setScale: false } },
      legend: { show: true, live: true }, // under the pointer it tells the values
      scales: { y: { range: (_, low, high) => [Math.min(0, low), Math.max(1, high * 1.05)] } },
      axes: [
        { ...axis, values: (_, list) => list.map((at) => (seconds > 2 * 86400 ? day : clock).format(at * 1e3)) },
        { ...axis, size: 60, incrs: whole ? [1, 2, 5].flatMap((n) => [...Array(9).keys()].map((e) => n * 10 ** e)).sort((a, b) => a - b) : undefined, values: (_, list) => list.map((n) => n.toLocaleString(lang)) },
      ],
      series: [{ label: labels[0], value: (_, at) => (at === null ? "–" : `${day.format(at * 1e3)} ${clock.format(at * 1e3)}`) }].concat(
        labels.slice(1).map((label, i) => ({
          label, value: (_, n) => (n === null ? "–" : n.toLocaleString(lang)), stroke: palette[i % palette.length], width: 2, dash: i > 0 ? [6 + 2 * i, 3] : undefined, points: { show: !stepped, size: 5 },
          paths: stepped ? uPlot.paths.stepped({ align: 1 }) : undefined,
        })),
      ),
    }, data, box);
    new ResizeObserver(() => chart.setSize({ width: box.clientWidth, height: 220 })).observe(box);
  };

  document.querySelectorAll("[data-chart]").forEach(draw);
})();
