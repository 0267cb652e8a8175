// CRC-64 by tables and in lanes against the definition, bit by bit.

import test from 'ava'
import fc from 'fast-check'
import { Crc64 } from '../../../core/checkpoint/crc64.ts'

const polynomial = 0x95ac9329ac4bc9b5n

function slow(bytes: Uint8Array): bigint {
  let crc = 0n
  for (const byte of bytes) {
    crc ^= BigInt(byte)
    for (let bit = 0; bit < 8; bit++) crc = (crc & 1n) === 1n ? (crc >> 1n) ^ polynomial : crc >> 1n
  }
  return crc
}

function value({ high, low }: Crc64): bigint {
  return (BigInt(high) << 32n) | BigInt(low)
}

test('the check value of the polynomial', (t) => {
  t.is(value(new Crc64().update(Buffer.from('123456789'), 0, 9)), 0xe9c6d914c4b8d9can)
})

test('any bytes, in any pieces', (t) => {
  fc.assert(fc.property(fc.uint8Array({ maxLength: 600 }), fc.nat(600), fc.nat(600), (bytes, one, other) => {
    const [from, to] = [Math.min(one, other, bytes.length), Math.min(Math.max(one, other), bytes.length)]
    const crc = new Crc64().update(bytes, 0, from).update(bytes, from, to).update(bytes, to, bytes.length)
    return value(crc) === slow(bytes)
  }))
  t.pass()
})

test('many bytes at once are what they are in small pieces', (t) => {
  fc.assert(fc.property(fc.integer({ min: 32_000, max: 100_000 }), fc.nat(5000), fc.integer(), (size, from, seed) => {
    const bytes = new Uint8Array(size)
    for (let i = 0; i < size; i++) bytes[i] = Math.imul(i ^ seed, 0x9e3779b1) >>> 24
    const whole = new Crc64().update(bytes, from, size)
    const pieces = new Crc64()
    for (let at = from; at < size; at += 100) pieces.update(bytes, at, Math.min(size, at + 100))
    return value(whole) === value(pieces)
  }))
  t.pass()
})
