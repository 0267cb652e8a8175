// A sorted set as a plain array in order: the naive model.

export type Item = { member: string; score: number }

const compare = (a: Item, b: Item): number =>
  a.score - b.score || Buffer.compare(Buffer.from(a.member, 'latin1'), Buffer.from(b.member, 'latin1'))

export class ZsetModel {
  items: Item[] = []

  score(member: string): number | undefined {
    return this.items.find((item) => item.member === member)?.score
  }

  set(member: string, score: number): void {
    this.items = [...this.items.filter((item) => item.member !== member), { member, score }].toSorted((a, b) =>
      // Infinities less each other are no number.
      a.score === b.score ? compare({ ...a, score: 0 }, { ...b, score: 0 }) : a.score < b.score ? -1 : 1)
  }

  remove(member: string): boolean {
    const before = this.items.length
    this.items = this.items.filter((item) => item.member !== member)
    return this.items.length < before
  }

  rank(member: string): number {
    return this.items.findIndex((item) => item.member === member)
  }

  between(min: number, minOpen: boolean, max: number, maxOpen: boolean): Item[] {
    return this.items.filter(({ score }) =>
      (minOpen ? score > min : score >= min) && (maxOpen ? score < max : score <= max))
  }
}
