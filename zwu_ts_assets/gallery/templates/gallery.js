"use strict";
// The filters of the overview, and the frames of a video. No text from a corpus becomes HTML here.

const PER_PAGE = 24;
const galleries = [];

function show_gallery(gallery) {  // called by each index.js
  gallery.root = document.currentScript.dataset.root;
  galleries.push(gallery);
}

function element(name, properties, ...children) {
  const made = Object.assign(document.createElement(name), properties);
  made.append(...children);
  return made;
}

function samplesOfAll() {
  return galleries.flatMap((gallery) => gallery.samples.map((sample) => ({
    ...sample,
    dataset: gallery.dataset,
    root: gallery.root,
    names: sample.tasks.map((at) => gallery.tasks[at].name),
    levels: [...new Set(sample.tasks.map((at) => String(gallery.tasks[at].level)))],
  })));
}

function counted(samples, valuesOf) {
  const counts = new Map();
  for (const sample of samples) for (const value of valuesOf(sample)) counts.set(value, (counts.get(value) || 0) + 1);
  return counts;
}

const MOST_OPTIONS = 300;  // a thousand columns have thousands of flags: then only their kinds are listed

const kindOf = (flag) => `${flag.split(":")[0]}:`;

const FILTERS = {
  dataset: (sample) => [sample.dataset],
  split: (sample) => [sample.split],
  level: (sample) => sample.levels,
  task: (sample) => sample.names,
  flag: (sample) => sample.flags.length ? [...new Set(sample.flags.map(kindOf)), ...sample.flags] : ["none"],
};

function isAt(sample, wanted) {  // "b17" is a batch, "1632" a row of the past
  const batch = /^b(\d+)$/.exec(wanted);
  if (batch) return sample.batch === Number(batch[1]);
  return sample.rows[0] <= Number(wanted) && Number(wanted) < sample.rows[1];
}

function startOverview() {
  const all = samplesOfAll();
  const levels = Object.assign({}, ...galleries.map((gallery) => gallery.levels));
  const tasks = [...new Set(galleries.flatMap((gallery) => gallery.tasks.map((task) => task.name)))];
  const field = (name) => document.getElementById(name);

  for (const [name, valuesOf] of Object.entries(FILTERS)) {
    const counts = counted(all, valuesOf);
    let values = name === "task" ? tasks : [...counts.keys()];
    if (values.length > MOST_OPTIONS) values = values.filter((value) => value.endsWith(":") || value === "none");
    if (name === "level" || name === "flag") values.sort();
    field(name).append(element("option", {value: "", textContent: "all"}));
    for (const value of values) {
      const told = name === "level" ? `${value} ${levels[value]}` : value;
      field(name).append(element("option", {value, textContent: `${told} (${counts.get(value) || 0})`}));
    }
    field(name).addEventListener("change", () => choose(name, field(name).value));
  }
  field("dataset").parentElement.hidden = galleries.length < 2;
  field("row").addEventListener("change", () => choose("row", field("row").value.trim()));
  field("reset").addEventListener("click", () => { location.hash = ""; });
  window.addEventListener("hashchange", show);

  function choose(name, value) {
    const next = new URLSearchParams(location.hash.slice(1));
    next.delete("page");
    if (value) next.set(name, value); else next.delete(name);
    location.hash = next.toString();
  }

  function show() {
    const wanted = new URLSearchParams(location.hash.slice(1));
    for (const name of [...Object.keys(FILTERS), "row"]) field(name).value = wanted.get(name) || "";
    const found = all.filter((sample) =>
      Object.entries(FILTERS).every(([name, valuesOf]) => !wanted.get(name) || valuesOf(sample).includes(wanted.get(name)))
      && (!wanted.get("row") || isAt(sample, wanted.get("row"))));
    const pages = Math.max(1, Math.ceil(found.length / PER_PAGE));
    const page = Math.min(Math.max(1, Number(wanted.get("page")) || 1), pages);
    const asked = found.reduce((sum, sample) => sum + sample.questions, 0);
    field("found").value = `${found.length} of ${all.length} samples, asked ${asked} questions`;
    field("samples").replaceChildren(...found.slice((page - 1) * PER_PAGE, page * PER_PAGE).map(card));
    for (const bar of document.querySelectorAll(".pages")) bar.replaceChildren(...links(page, pages, wanted));
  }

  function links(page, pages, wanted) {
    if (pages === 1) return [];
    const near = [1, page - 2, page - 1, page, page + 1, page + 2, pages];
    const shown = [...new Set(near.filter((number) => number >= 1 && number <= pages))].sort((a, b) => a - b);
    return shown.map((number) => {
      if (number === page) return element("b", {textContent: String(number)});
      const target = new URLSearchParams(wanted);
      target.set("page", String(number));
      return element("a", {href: `#${target}`, textContent: String(number)});
    });
  }

  function card(sample) {
    const flags = sample.flags.slice(0, 4).map((flag) => element("span", {className: "flag", textContent: flag}));
    if (sample.flags.length > 4) flags.push(`and ${sample.flags.length - 4} more`);
    return element("a", {href: `${sample.root}gallery/samples/${sample.id}.html`},
      element("img", {src: sample.root + sample.image, loading: "lazy", alt: ""}),
      element("b", {textContent: sample.id}), " ",
      element("span", {className: `split ${sample.split}`, textContent: sample.split}), " ",
      element("small", {textContent: `${sample.time}, ${sample.questions} questions `}), ...flags);
  }

  show();
}

function startFrames(grid) {
  // Seeks one frame after another in a video of its own, so that the one that plays goes on.
  const video = element("video", {muted: true, preload: "auto", src: grid.dataset.video});
  const canvases = [...grid.querySelectorAll("canvas")];
  const second = 1 / Number(grid.dataset.fps);
  let at = 0;
  video.addEventListener("loadeddata", () => { video.currentTime = second / 2; });
  video.addEventListener("seeked", () => {
    const canvas = canvases[at];
    canvas.width = video.videoWidth;
    canvas.height = video.videoHeight;
    canvas.getContext("2d").drawImage(video, 0, 0);
    canvas.dataset.drawn = "yes";
    at += 1;
    if (at < canvases.length) video.currentTime = (at + 0.5) * second;
  });
  video.addEventListener("error", () => {
    grid.prepend(element("p", {className: "note", textContent: "This browser cannot decode the video (H.264 in MP4), or the file is not there."}));
  });
  for (const canvas of canvases) canvas.addEventListener("click", () => canvas.parentElement.classList.toggle("whole"));
}

document.addEventListener("DOMContentLoaded", () => {
  if (document.getElementById("samples")) startOverview();
  const grid = document.getElementById("frames");
  if (grid) startFrames(grid);
});
