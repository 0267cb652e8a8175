// Declarations of the commands on places.

import { geosearch, geosearchstore } from './geo-search.ts'
import { geoadd, geodist, geohash, geopos } from './geo.ts'
import { oneKey } from './spec.ts'
import type { CommandSpec } from './spec.ts'

export const geoPlaceCommands: readonly CommandSpec[] = [
  {
    name: 'geoadd', arity: -5, since: '3.2.0', group: 'geo',
    flags: ['write', 'denyoom'],
    summary: 'Adds members with their places on the globe to a geo index, or moves them',
    complexity: 'O(log(N)) for each member',
    keys: oneKey.update,
    arguments: [
      { name: 'key', type: 'key', keySpec: 0 },
      { name: 'condition', type: 'oneof', since: '6.2.0', optional: true, arguments: [
        { name: 'nx', type: 'pure-token', token: 'NX' },
        { name: 'xx', type: 'pure-token', token: 'XX' },
      ] },
      { name: 'change', type: 'pure-token', token: 'CH', since: '6.2.0', optional: true },
      { name: 'longitude_latitude_member', type: 'block', multiple: true, arguments: [
        { name: 'longitude', type: 'double' },
        { name: 'latitude', type: 'double' },
        { name: 'member', type: 'string' },
      ] },
    ],
    history: [['6.2.0', '`CH`, `NX` and `XX` came.']],
    run: geoadd,
  },
  {
    name: 'geodist', arity: -4, since: '3.2.0', group: 'geo',
    flags: ['readonly'],
    summary: 'Returns the distance between two members of a geo index',
    complexity: 'O(1)',
    keys: oneKey.read,
    arguments: [
      { name: 'key', type: 'key', keySpec: 0 },
      { name: 'member1', type: 'string' },
      { name: 'member2', type: 'string' },
      { name: 'unit', type: 'oneof', optional: true, arguments: [
        { name: 'm', type: 'pure-token', token: 'M' },
        { name: 'km', type: 'pure-token', token: 'KM' },
        { name: 'ft', type: 'pure-token', token: 'FT' },
        { name: 'mi', type: 'pure-token', token: 'MI' },
      ] },
    ],
    run: geodist,
  },
  {
    name: 'geohash', arity: -2, since: '3.2.0', group: 'geo',
    flags: ['readonly'],
    summary: 'Returns the places of members as geohash texts',
    complexity: 'O(1) for each member',
    keys: oneKey.read,
    arguments: [{ name: 'key', type: 'key', keySpec: 0 }, { name: 'member', type: 'string', multiple: true }],
    run: geohash,
  },
  {
    name: 'geopos', arity: -2, since: '3.2.0', group: 'geo',
    flags: ['readonly'],
    summary: 'Returns the longitude and latitude of members',
    complexity: 'O(1) for each member',
    keys: oneKey.read,
    arguments: [{ name: 'key', type: 'key', keySpec: 0 }, { name: 'member', type: 'string', multiple: true }],
    run: geopos,
  },
  {
    name: 'geosearch', arity: -7, since: '6.2.0', group: 'geo',
    flags: ['readonly'],
    summary: 'Returns the members of a geo index within a circle or a box',
    complexity: 'O(N+log(M)) for N members near the area and M within it',
    keys: oneKey.read,
    arguments: [
      { name: 'key', type: 'key', keySpec: 0 },
      { name: 'from', type: 'oneof', arguments: [
        { name: 'member', type: 'string', token: 'FROMMEMBER' },
        { name: 'longitude_latitude', type: 'block', token: 'FROMLONLAT', arguments: [
          { name: 'longitude', type: 'double' },
          { name: 'latitude', type: 'double' },
        ] },
      ] },
      { name: 'by', type: 'oneof', arguments: [
        { name: 'circle', type: 'block', arguments: [
          { name: 'radius', type: 'double', token: 'BYRADIUS' },
          { name: 'unit', type: 'oneof', arguments: [
            { name: 'm', type: 'pure-token', token: 'M' },
            { name: 'km', type: 'pure-token', token: 'KM' },
            { name: 'ft', type: 'pure-token', token: 'FT' },
            { name: 'mi', type: 'pure-token', token: 'MI' },
          ] },
        ] },
        { name: 'box', type: 'block', arguments: [
          { name: 'width', type: 'double', token: 'BYBOX' },
          { name: 'height', type: 'double' },
          { name: 'unit', type: 'oneof', arguments: [
            { name: 'm', type: 'pure-token', token: 'M' },
            { name: 'km', type: 'pure-token', token: 'KM' },
            { name: 'ft', type: 'pure-token', token: 'FT' },
            { name: 'mi', type: 'pure-token', token: 'MI' },
          ] },
        ] },
      ] },
      { name: 'order', type: 'oneof', optional: true, arguments: [
        { name: 'asc', type: 'pure-token', token: 'ASC' },
        { name: 'desc', type: 'pure-token', token: 'DESC' },
      ] },
      { name: 'count', type: 'block', optional: true, arguments: [
        { name: 'count', type: 'integer', token: 'COUNT' },
        { name: 'any', type: 'pure-token', token: 'ANY', optional: true },
      ] },
      { name: 'withcoord', type: 'pure-token', token: 'WITHCOORD', optional: true },
      { name: 'withdist', type: 'pure-token', token: 'WITHDIST', optional: true },
      { name: 'withhash', type: 'pure-token', token: 'WITHHASH', optional: true },
    ],
    history: [['7.0.0', 'Units may be in upper case.']],
    run: geosearch,
  },
  {
    name: 'geosearchstore', arity: -8, since: '6.2.0', group: 'geo',
    flags: ['write', 'denyoom'],
    summary: 'Stores the members of a geo index within a circle or a box at a key',
    complexity: 'O(N+log(M)) for N members near the area and M within it',
    keys: [
      { flags: ['OW', 'update'], begin: { index: 1 }, find: { last: 0, step: 1, limit: 0 } },
      { flags: ['RO', 'access'], begin: { index: 2 }, find: { last: 0, step: 1, limit: 0 } },
    ],
    arguments: [
      { name: 'destination', type: 'key', keySpec: 0 },
      { name: 'source', type: 'key', keySpec: 1 },
      { name: 'from', type: 'oneof', arguments: [
        { name: 'member', type: 'string', token: 'FROMMEMBER' },
        { name: 'longitude_latitude', type: 'block', token: 'FROMLONLAT', arguments: [
          { name: 'longitude', type: 'double' },
          { name: 'latitude', type: 'double' },
        ] },
      ] },
      { name: 'by', type: 'oneof', arguments: [
        { name: 'circle', type: 'block', arguments: [
          { name: 'radius', type: 'double', token: 'BYRADIUS' },
          { name: 'unit', type: 'oneof', arguments: [
            { name: 'm', type: 'pure-token', token: 'M' },
            { name: 'km', type: 'pure-token', token: 'KM' },
            { name: 'ft', type: 'pure-token', token: 'FT' },
            { name: 'mi', type: 'pure-token', token: 'MI' },
          ] },
        ] },
        { name: 'box', type: 'block', arguments: [
          { name: 'width', type: 'double', token: 'BYBOX' },
          { name: 'height', type: 'double' },
          { name: 'unit', type: 'oneof', arguments: [
            { name: 'm', type: 'pure-token', token: 'M' },
            { name: 'km', type: 'pure-token', token: 'KM' },
            { name: 'ft', type: 'pure-token', token: 'FT' },
            { name: 'mi', type: 'pure-token', token: 'MI' },
          ] },
        ] },
      ] },
      { name: 'order', type: 'oneof', optional: true, arguments: [
        { name: 'asc', type: 'pure-token', token: 'ASC' },
        { name: 'desc', type: 'pure-token', token: 'DESC' },
      ] },
      { name: 'count', type: 'block', optional: true, arguments: [
        { name: 'count', type: 'integer', token: 'COUNT' },
        { name: 'any', type: 'pure-token', token: 'ANY', optional: true },
      ] },
      { name: 'storedist', type: 'pure-token', token: 'STOREDIST', optional: true },
    ],
    history: [['7.0.0', 'Units may be in upper case.']],
    run: geosearchstore,
  },
]
