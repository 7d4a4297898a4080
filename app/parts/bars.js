// Rows of bars; a row with `open` is a button. Bars are drawings of the words beside them. What is
// pressed waits in a queue, as in the checklist, until Python says that it has heard it (data.seen).
const kept = new WeakMap()
const AGAIN = 4000

export default function (component) {
  const { data, parentElement, setStateValue } = component
  let own = kept.get(parentElement)
  if (!own) {
    own = { sent: [], last: 0, root: document.createElement("div") }
    own.root.className = "bars"
    parentElement.querySelector("#root").replaceChildren(own.root)
    kept.set(parentElement, own)
  }
  own.last = Math.max(own.last, data.seen)
  own.sent = own.sent.filter(event => event.n > data.seen)
  own.tell = () => setStateValue("picks", [...own.sent])
  own.pick = row => {
    own.last = Math.max(own.last + 1, Date.now())
    own.sent = [...own.sent, { n: own.last, row }]
    own.tell()
    insist(own, AGAIN)
  }
  const text = JSON.stringify(data.groups)
  if (text === own.text) return
  own.text = text
  const focused = own.root.getRootNode().activeElement?.dataset?.focus
  lay(own.root, data.groups.flatMap(group => draw(own, group)))
  if (focused) {
    own.root.querySelector(`[data-focus="${CSS.escape(focused)}"]`)?.focus({ preventScroll: true })
  }
}

function insist(own, wait) {
  clearTimeout(own.timer)
  own.timer = setTimeout(() => {
    if (own.sent.length === 0 || !own.root.isConnected) return
    own.tell()
    insist(own, 2 * wait)
  }, wait)
}

function make(tag, attributes, ...children) {
  const element = document.createElement(tag)
  for (const [name, value] of Object.entries(attributes)) {
    if (value !== null && value !== undefined) element.setAttribute(name, value)
  }
  element.append(...children.filter(child => child !== null))
  return element
}

function draw(own, group) {
  const title = group.title ? make("h4", {}, group.title) : null
  const note = group.note ? make("p", { class: "note" }, group.note) : null
  const rows = make("ul", {}, ...group.rows.map(row => make("li", {}, rowOf(own, row))))
  return [title, note, rows].filter(part => part !== null)
}

function rowOf(own, row) {
  const tags = (row.tags ?? []).map(tag => make("span", { class: "tag" }, tag))
  const inside = [
    make("span", { class: "top" }, make("span", { class: "label" }, row.label, ...tags),
      make("span", { class: "value" }, row.value)),
    row.weight !== undefined ? diverging(row) : row.p !== undefined ? track(row) : make("span", {}),
    row.sub || row.spread ? make("span", { class: "sub" }, make("span", {}, row.sub ?? ""),
      row.spread ? make("span", { class: "spread" }, row.spread) : null) : null,
  ]
  inside[1].style.display = "block"
  if (!row.open) return make("div", { class: "row" }, ...inside)
  const button = make("button", { class: "row", type: "button", "data-focus": row.id,
    "aria-pressed": String(!!row.pressed) }, ...inside)
  button.onclick = () => {
    own.pick(row.id)
    if (!row.pressed && row.goes) follow(row.goes, 40)
  }
  return button
}

// what a row opens may stand further down: go there once it is drawn
function follow(place, tries) {
  const target = document.querySelector(`.st-key-${place}`)
  const calm = matchMedia("(prefers-reduced-motion: reduce)").matches
  if (target && tries < 38) target.scrollIntoView({ behavior: calm ? "auto" : "smooth", block: "center" })
  else if (tries > 0) setTimeout(() => follow(place, tries - 1), 60)
}

const percent = value => `${Math.max(0, Math.min(1, value)) * 100}%`

function track(row) {
  const fill = make("span", { class: `fill ${row.kind ?? ""}` })
  fill.style.left = "0"
  fill.style.width = percent(row.p)
  const parts = [fill]
  if (row.low !== undefined) {
    const range = make("span", { class: "range" })
    range.style.left = percent(row.low)
    range.style.width = percent(row.high - row.low)
    parts.push(range)
  }
  if (row.mark !== undefined) {
    const mark = make("span", { class: "mark" })
    mark.style.left = percent(row.mark)
    parts.push(mark)
  }
  return make("span", { class: "track", "aria-hidden": "true" }, ...parts)
}

// weight from -1 (all against, to the left) to 1 (all for, to the right)
function diverging(row) {
  const fill = make("span", { class: row.weight < 0 ? "fill against" : "fill" })
  fill.style.left = percent(row.weight < 0 ? 0.5 + row.weight / 2 : 0.5)
  fill.style.width = percent(Math.abs(row.weight) / 2)
  return make("span", { class: "track", "aria-hidden": "true" }, fill, make("span", { class: "mid" }))
}
