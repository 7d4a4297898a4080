// The network around a case: boxes in three columns, lines whose thickness is how much one bears on
// the other. A drawing of the table that stands below it.
const SVG = "http://www.w3.org/2000/svg"
const BOX = { width: 250, height: 46, gapX: 130, gapY: 14 }
const LETTERS = 34

export default function (component) {
  const { data, parentElement } = component
  const used = [...new Set(data.nodes.map(node => node.column))].sort()
  const at = node => ({
    x: used.indexOf(node.column) * (BOX.width + BOX.gapX) + 2,
    y: node.row * (BOX.height + BOX.gapY) + 2,
  })
  const size = { width: used.length * (BOX.width + BOX.gapX) - BOX.gapX + 4,
    height: data.rows * (BOX.height + BOX.gapY) }
  const picture = make("svg", { viewBox: `0 0 ${size.width} ${size.height}`, width: size.width,
    height: size.height, role: "img", "aria-label": data.said })
  const places = new Map(data.nodes.map(node => [node.id, at(node)]))
  for (const edge of data.edges) {
    const from = places.get(edge.item)
    const to = places.get(edge.condition)
    if (from && to) picture.append(line(from, to, edge))
  }
  for (const node of data.nodes) picture.append(box(node, at(node)))
  const frame = document.createElement("div")
  frame.className = "frame"
  frame.tabIndex = 0
  frame.setAttribute("role", "group")
  frame.setAttribute("aria-label", "Network around the case; scrolls sideways")
  frame.append(picture)
  parentElement.querySelector("#root").replaceChildren(frame)
}

function make(tag, attributes, text) {
  const element = document.createElementNS(SVG, tag)
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value)
  if (text) element.textContent = text
  return element
}

function line(from, to, edge) {
  const right = from.x < to.x
  const [left, other] = right ? [from, to] : [to, from]
  const start = { x: left.x + BOX.width, y: left.y + BOX.height / 2 }
  const end = { x: other.x, y: other.y + BOX.height / 2 }
  const bend = BOX.gapX / 2
  return make("path", {
    d: `M${start.x} ${start.y} C${start.x + bend} ${start.y} ${end.x - bend} ${end.y} ${end.x} ${end.y}`,
    class: edge.against ? "line against" : "line", "stroke-width": (1 + 9 * edge.width).toFixed(1),
  })
}

function short(text) {
  return text.length > LETTERS ? `${text.slice(0, LETTERS - 1)}…` : text
}

function box(node, place) {
  const group = make("g", { class: `node ${node.kind}`, transform: `translate(${place.x} ${place.y})` })
  group.append(make("title", {}, `${node.label}: ${node.note}`))
  group.append(make("rect", { width: BOX.width, height: BOX.height, rx: 7 }))
  group.append(make("text", { x: 10, y: 19, class: "label" }, short(node.label)))
  const mark = { present: "✓ ", absent: "✕ " }[node.kind] ?? ""
  group.append(make("text", { x: 10, y: 37, class: "note" }, mark + node.note))
  return group
}
