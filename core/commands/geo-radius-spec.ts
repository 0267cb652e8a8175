// Declarations of the older commands that search for places.

import { georadius, georadiusRo, georadiusbymember, georadiusbymemberRo } from './geo-search.ts'
import { oneKey } from './spec.ts'
import type { CommandSpec } from './spec.ts'

const oneBehind = { last: 0, step: 1, limit: 0 } as const

export const geoRadiusCommands: readonly CommandSpec[] = [
  {
    name: 'georadius', arity: -6, since: '3.2.0', group: 'geo',
    flags: ['write', 'denyoom', 'movablekeys'],
    summary: 'Returns the members within a distance of a place, or stores them',
    complexity: 'O(N+log(M)) for N members near the area and M within it',
    keys: [
      { flags: ['RO', 'access'], begin: { index: 1 }, find: oneBehind },
      { flags: ['OW', 'update'], begin: { keyword: 'STORE', from: 6, optional: true }, find: oneBehind },
      { flags: ['OW', 'update'], begin: { keyword: 'STOREDIST', from: 6, optional: true }, find: oneBehind },
    ],
    arguments: [
      { name: 'key', type: 'key', keySpec: 0 },
      { name: 'longitude', type: 'double' },
      { name: 'latitude', type: 'double' },
      { name: 'radius', type: 'double' },
      { name: 'unit', type: 'oneof', arguments: [
        { name: 'm', type: 'pure-token', token: 'M' },
        { name: 'km', type: 'pure-token', token: 'KM' },
        { name: 'ft', type: 'pure-token', token: 'FT' },
        { name: 'mi', type: 'pure-token', token: 'MI' },
      ] },
      { name: 'withcoord', type: 'pure-token', token: 'WITHCOORD', optional: true },
      { name: 'withdist', type: 'pure-token', token: 'WITHDIST', optional: true },
      { name: 'withhash', type: 'pure-token', token: 'WITHHASH', optional: true },
      { name: 'count', type: 'block', optional: true, arguments: [
        { name: 'count', type: 'integer', token: 'COUNT' },
        { name: 'any', type: 'pure-token', token: 'ANY', since: '6.2.0', optional: true },
      ] },
      { name: 'order', type: 'oneof', optional: true, arguments: [
        { name: 'asc', type: 'pure-token', token: 'ASC' },
        { name: 'desc', type: 'pure-token', token: 'DESC' },
      ] },
      { name: 'key', type: 'key', token: 'STORE', keySpec: 1, optional: true },
      { name: 'key', type: 'key', token: 'STOREDIST', keySpec: 2, optional: true },
    ],
    history: [['6.2.0', '`ANY` came for `COUNT`.'], ['7.0.0', 'Units may be in upper case.']],
    deprecatedSince: '6.2.0',
    replacedBy: '`GEOSEARCH` and `GEOSEARCHSTORE` with the `BYRADIUS` argument',
    docFlags: ['deprecated'],
    run: georadius,
  },
  {
    name: 'georadius_ro', arity: -6, since: '3.2.10', group: 'geo',
    flags: ['readonly'],
    summary: 'Returns the members within a distance of a place',
    complexity: 'O(N+log(M)) for N members near the area and M within it',
    keys: oneKey.read,
    arguments: [
      { name: 'key', type: 'key', keySpec: 0 },
      { name: 'longitude', type: 'double' },
      { name: 'latitude', type: 'double' },
      { name: 'radius', type: 'double' },
      { name: 'unit', type: 'oneof', arguments: [
        { name: 'm', type: 'pure-token', token: 'M' },
        { name: 'km', type: 'pure-token', token: 'KM' },
        { name: 'ft', type: 'pure-token', token: 'FT' },
        { name: 'mi', type: 'pure-token', token: 'MI' },
      ] },
      { name: 'withcoord', type: 'pure-token', token: 'WITHCOORD', optional: true },
      { name: 'withdist', type: 'pure-token', token: 'WITHDIST', optional: true },
      { name: 'withhash', type: 'pure-token', token: 'WITHHASH', optional: true },
      { name: 'count', type: 'block', optional: true, arguments: [
        { name: 'count', type: 'integer', token: 'COUNT' },
        { name: 'any', type: 'pure-token', token: 'ANY', since: '6.2.0', optional: true },
      ] },
      { name: 'order', type: 'oneof', optional: true, arguments: [
        { name: 'asc', type: 'pure-token', token: 'ASC' },
        { name: 'desc', type: 'pure-token', token: 'DESC' },
      ] },
    ],
    history: [['6.2.0', '`ANY` came for `COUNT`.']],
    deprecatedSince: '6.2.0',
    replacedBy: '`GEOSEARCH` with the `BYRADIUS` argument',
    docFlags: ['deprecated'],
    run: georadiusRo,
  },
  {
    name: 'georadiusbymember', arity: -5, since: '3.2.0', group: 'geo',
    flags: ['write', 'denyoom', 'movablekeys'],
    summary: 'Returns the members within a distance of a member, or stores them',
    complexity: 'O(N+log(M)) for N members near the area and M within it',
    keys: [
      { flags: ['RO', 'access'], begin: { index: 1 }, find: oneBehind },
      { flags: ['OW', 'update'], begin: { keyword: 'STORE', from: 5, optional: true }, find: oneBehind },
      { flags: ['OW', 'update'], begin: { keyword: 'STOREDIST', from: 5, optional: true }, find: oneBehind },
    ],
    arguments: [
      { name: 'key', type: 'key', keySpec: 0 },
      { name: 'member', type: 'string' },
      { name: 'radius', type: 'double' },
      { name: 'unit', type: 'oneof', arguments: [
        { name: 'm', type: 'pure-token', token: 'M' },
        { name: 'km', type: 'pure-token', token: 'KM' },
        { name: 'ft', type: 'pure-token', token: 'FT' },
        { name: 'mi', type: 'pure-token', token: 'MI' },
      ] },
      { name: 'withcoord', type: 'pure-token', token: 'WITHCOORD', optional: true },
      { name: 'withdist', type: 'pure-token', token: 'WITHDIST', optional: true },
      { name: 'withhash', type: 'pure-token', token: 'WITHHASH', optional: true },
      { name: 'count', type: 'block', optional: true, arguments: [
        { name: 'count', type: 'integer', token: 'COUNT' },
        { name: 'any', type: 'pure-token', token: 'ANY', optional: true },
      ] },
      { name: 'order', type: 'oneof', optional: true, arguments: [
        { name: 'asc', type: 'pure-token', token: 'ASC' },
        { name: 'desc', type: 'pure-token', token: 'DESC' },
      ] },
      { name: 'key', type: 'key', token: 'STORE', keySpec: 1, optional: true },
      { name: 'key', type: 'key', token: 'STOREDIST', keySpec: 2, optional: true },
    ],
    history: [['7.0.0', 'Units may be in upper case.']],
    deprecatedSince: '6.2.0',
    replacedBy: '`GEOSEARCH` and `GEOSEARCHSTORE` with the `BYRADIUS` and `FROMMEMBER` arguments',
    docFlags: ['deprecated'],
    run: georadiusbymember,
  },
  {
    name: 'georadiusbymember_ro', arity: -5, since: '3.2.10', group: 'geo',
    flags: ['readonly'],
    summary: 'Returns the members within a distance of a member',
    complexity: 'O(N+log(M)) for N members near the area and M within it',
    keys: oneKey.read,
    arguments: [
      { name: 'key', type: 'key', keySpec: 0 },
      { name: 'member', type: 'string' },
      { name: 'radius', type: 'double' },
      { name: 'unit', type: 'oneof', arguments: [
        { name: 'm', type: 'pure-token', token: 'M' },
        { name: 'km', type: 'pure-token', token: 'KM' },
        { name: 'ft', type: 'pure-token', token: 'FT' },
        { name: 'mi', type: 'pure-token', token: 'MI' },
      ] },
      { name: 'withcoord', type: 'pure-token', token: 'WITHCOORD', optional: true },
      { name: 'withdist', type: 'pure-token', token: 'WITHDIST', optional: true },
      { name: 'withhash', type: 'pure-token', token: 'WITHHASH', optional: true },
      { name: 'count', type: 'block', optional: true, arguments: [
        { name: 'count', type: 'integer', token: 'COUNT' },
        { name: 'any', type: 'pure-token', token: 'ANY', optional: true },
      ] },
      { name: 'order', type: 'oneof', optional: true, arguments: [
        { name: 'asc', type: 'pure-token', token: 'ASC' },
        { name: 'desc', type: 'pure-token', token: 'DESC' },
      ] },
    ],
    deprecatedSince: '6.2.0',
    replacedBy: '`GEOSEARCH` with the `BYRADIUS` and `FROMMEMBER` arguments',
    docFlags: ['deprecated'],
    run: georadiusbymemberRo,
  },
]
