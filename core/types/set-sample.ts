// Random members of a set, each as likely as the others.

import type { Random } from '../random.ts'
import { setForms } from './set.ts'
import type { MemberSet } from './set.ts'

/**
 * Fewer than one member in so many: they are drawn one by one, and drawn again when they were had before. From there on
 * one walk over the whole set is quicker.
 */
const sparseFrom = 24
const two32 = 0x100000000

/** A whole number below `bound`, uniform but for one part in 2^32 / bound. */
function below(random: Random, bound: number): number {
  return Math.floor((random.u32() / two32) * bound)
}

/** Place of any member; the set is not empty. */
export function randomPlace(set: MemberSet, random: Random): number {
  if (set.form === setForms.dict) return set.dict.random(random)
  const index = below(random, set.size)
  return set.form === setForms.pack ? set.pack.at(index) : index
}

/**
 * Places of `count` different members (at most as many as there are), every choice of them as likely. In an intset or a
 * pack they ascend. The array is used again for the next sample.
 */
export function samplePlaces(set: MemberSet, count: number, random: Random): Uint32Array {
  if (count > places.length) places = new Uint32Array(Math.max(count, places.length * 2))
  if (set.form === setForms.dict && count < set.size / sparseFrom) drawPlaces(set, count, random)
  else selectPlaces(set, count, random)
  return places
}

let places = new Uint32Array(64)

function drawPlaces(set: MemberSet, count: number, random: Random): void {
  const had = new Set<number>()
  for (let i = 0; i < count;) {
    const place = set.dict.random(random)
    if (had.has(place)) continue
    had.add(place)
    places[i++] = place
  }
}

/** Selection sampling (D. Knuth, The Art of Computer Programming 2, 3.4.2, algorithm S). */
function selectPlaces(set: MemberSet, count: number, random: Random): void {
  let left = set.size
  let taken = 0
  for (let more = set.firstPlace(); taken < count && more; more = set.nextPlace(), left--) {
    if ((random.u32() / two32) * left < count - taken) places[taken++] = set.place
  }
}
