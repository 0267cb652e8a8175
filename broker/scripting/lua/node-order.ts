// In which order Lua 5.1 would visit the keys of a table's hash part. Lua keeps them in a power of two of nodes: a
// key goes to the node that its hash names; if that is taken, to the last free node, unless the one who took it is
// there only by such an accident and must move. When all nodes are taken the keys go into a bigger array of nodes,
// from the last node to the first. So the order follows from the keys' hashes and from the order in which they came,
// and can be found when somebody asks for it. The hashes are Lua 5.1's, which has no seed. Keys that Lua hashes by
// their address (tables, functions) have no order there either; they get one that is the same in every run.

const float = new Float64Array(1)
const words = new Uint32Array(float.buffer)

/**
 * The nodes of a hash part into which `keys` came in their order, `size` nodes (0 or a power of two) at first;
 * `growth` are pairs of numbers: at how many keys it grew, to how many nodes. None of the keys may have been set to
 * nil meanwhile.
 */
export function layNodes(keys: readonly unknown[], size: number, growth: readonly number[] | undefined): Nodes {
  return lay(keys, size, growth, (n) => new Nodes(n))
}

/** The indices of the keys in the order of those nodes. */
export function nodeOrder(keys: readonly unknown[], size: number, growth: readonly number[] | undefined): number[] {
  return lay(keys, size, growth, scratch).order()
}

/**
 * Nodes for one use, by the exponent of their size; two of each, as a hash part can be laid anew with the same size.
 */
const scratchNodes: [Nodes, Nodes][] = []
const scratchBitsMax = 10
let scratchTurn: 0 | 1 = 0

function scratch(size: number): Nodes {
  const bits = size === 0 ? 0 : 32 - Math.clz32(size)
  if (bits > scratchBitsMax) return new Nodes(size)
  scratchTurn = scratchTurn === 0 ? 1 : 0
  const nodes = (scratchNodes[bits] ??= [new Nodes(size), new Nodes(size)])[scratchTurn]
  nodes.clear()
  return nodes
}

type Make = (size: number) => Nodes

function lay(keys: readonly unknown[], size: number, growth: readonly number[] | undefined, make: Make): Nodes {
  let nodes = make(size)
  let next = 0
  if (growth !== undefined) {
    for (let g = 0; g < growth.length; g += 2) {
      for (; next < growth[g]!; next++) nodes.insert(next, keys[next])
      nodes = relaid(nodes, keys, make(growth[g + 1]!))
    }
  }
  for (; next < keys.length; next++) {
    if (next === nodes.size && growth === undefined) nodes = relaid(nodes, keys, make(doubled(next)))
    nodes.insert(next, keys[next])
  }
  return nodes
}

/** Lua takes the keys into more nodes from the last node to the first. */
function relaid(nodes: Nodes, keys: readonly unknown[], grown: Nodes): Nodes {
  for (let i = nodes.size - 1; i >= 0; i--) {
    const index = nodes.taken[i]!
    if (index >= 0) grown.insert(index, keys[index])
  }
  return grown
}

/** Which node holds which key, by the keys' indices. */
export class Nodes {
  readonly size: number
  /** The index of the key that each node holds, -1 where it is free. Mostly few, for which typed arrays cost more. */
  readonly taken: number[]
  /** The node that each key's hash names, by node. */
  private readonly home: number[]
  private free: number

  constructor(size: number) {
    this.size = size
    this.taken = Array<number>(size).fill(-1)
    this.home = Array<number>(size).fill(-1)
    this.free = size
  }

  /** The indices of the keys in the order of their nodes. */
  order(): number[] {
    const { taken } = this
    const order: number[] = []
    for (let i = 0; i < taken.length; i++) if (taken[i]! >= 0) order.push(taken[i]!)
    return order
  }

  clear(): void {
    this.taken.fill(-1)
    this.free = this.size
  }

  /** The index of the key that holds the node that a key's hash names, -1 if that is free. */
  holder(key: unknown, index: number): number {
    return this.size === 0 ? -1 : this.taken[homeOf(key, this.size, index)]!
  }

  /** Gives a key the node of its hash, whose key is nil's now. */
  replace(index: number, key: unknown): void {
    const home = homeOf(key, this.size, index)
    this.put(home, index, home)
  }

  /** Whether there was a node for the key. */
  insert(index: number, key: unknown): boolean {
    if (this.size === 0) return false
    const home = homeOf(key, this.size, index)
    if (this.taken[home]! < 0) {
      this.put(home, index, home)
      return true
    }
    do this.free--
    while (this.free >= 0 && this.taken[this.free]! >= 0)
    if (this.free < 0) return false
    if (this.home[home] === home) {
      this.put(this.free, index, home)
    } else {
      this.put(this.free, this.taken[home]!, this.home[home]!)
      this.put(home, index, home)
    }
    return true
  }

  private put(node: number, index: number, home: number): void {
    this.taken[node] = index
    this.home[node] = home
  }
}

/** What is known of the nodes that Lua's hash part would have; a table has none as long as nobody asks for it. */
export class Layout {
  /**
   * Pairs of numbers: at how many keys the hash part grew, to how many nodes; if it did more than double when it was
   * full.
   */
  growth: number[] | undefined = undefined
  /** The nodes themselves, followed from the first key on that was cleared. */
  tracked: Nodes | undefined = undefined
  /** The indices of the keys in the order of the nodes, and the place of each in it. */
  order: readonly number[] | undefined = undefined
  places: Int32Array | undefined = undefined

  /** Notes a growth that is no doubling; before it there may have been doublings from `sizeFirst` to `size`. */
  addGrowth(keys: number, to: number, sizeFirst: number, size: number): void {
    if (this.growth === undefined) {
      this.growth = []
      for (let from = sizeFirst; from < size; from = doubled(from)) this.growth.push(from, doubled(from))
    }
    this.growth.push(keys, to)
    this.order = undefined
  }
}

function doubled(size: number): number {
  return size === 0 ? 1 : 2 * size
}

function homeOf(key: unknown, size: number, index: number): number {
  switch (typeof key) {
    case 'string':
      return hashOfString(key) & (size - 1)
    case 'number': {
      if (key === 0) return 0
      float[0] = key
      return ((words[0]! + words[1]!) >>> 0) % ((size - 1) | 1)
    }
    case 'boolean':
      return (key ? 1 : 0) & (size - 1)
    default:
      return index % ((size - 1) | 1)
  }
}

/**
 * The hash of Redis's Lua 5.1: of every char (where Lua itself skips some of long strings), from the last to the
 * first.
 */
function hashOfString(s: string): number {
  let hash = s.length >>> 0
  for (let left = s.length; left > 0; left--) {
    hash = (hash ^ (((hash << 5) >>> 0) + (hash >>> 2) + s.charCodeAt(left - 1))) >>> 0
  }
  return hash
}
