// Replies of the connection and server families that redis-server 7.0 gives byte for byte alike, in RESP2 and RESP3.
import test from 'ava'
import { requireRedis, startMillrace, startRedis } from '../../process.ts'
import { play } from './same-replies.ts'

// No command is slow, however long the machine lets it wait.
const args = ['--enable-debug-command', 'yes', '--latency-tracking', 'no', '--slowlog-log-slower-than', '-1', '--save', '']

const scripts: Readonly<Record<string, readonly string[]>> = {
  connection: [
    'PING', 'PING hi', 'PING a b', 'ECHO x', 'ECHO', 'SELECT 3', 'SELECT 16', 'SELECT x', 'SELECT -1', 'SELECT 2147483648',
    'AUTH', 'AUTH x', 'AUTH a b', 'AUTH default anything', 'AUTH a b c', 'HELLO 4', 'HELLO x', 'HELLO 2 AUTH x',
    'HELLO 2 SETNAME', 'HELLO 2 SETNAME a\\sb', 'HELLO 2 NOPE', 'HELLO 3 AUTH nobody x', 'RESET', 'CLIENT GETNAME',
    'ACL WHOAMI', 'ACL NOPE', 'NOPE', 'NOPE a b', 'CLIENT', 'CLIENT NOPE', 'COMMAND NOPE',
  ],
  client: [
    'CLIENT SETNAME worker-1', 'CLIENT GETNAME', 'CLIENT SETNAME a\\sb', `CLIENT SETNAME ''`, 'CLIENT GETNAME',
    'CLIENT KILL', 'CLIENT KILL 1.1.1.1:1', 'CLIENT KILL a b c', 'CLIENT KILL ID 99999 ID 88888', 'CLIENT KILL ID 0',
    'CLIENT KILL ID x', 'CLIENT KILL TYPE master', 'CLIENT KILL TYPE nope', 'CLIENT KILL USER nobody',
    'CLIENT KILL NOPE 1', 'CLIENT KILL SKIPME maybe ID 1', 'CLIENT KILL LADDR 1.1.1.1:1 ADDR 2.2.2.2:2',
    'CLIENT UNBLOCK x', 'CLIENT UNBLOCK 99999', 'CLIENT UNBLOCK 99999 NOPE', 'CLIENT UNBLOCK 99999 ERROR x',
    'CLIENT PAUSE -1', 'CLIENT PAUSE x',
    'CLIENT PAUSE 1 NOPE', 'CLIENT PAUSE 0', 'CLIENT UNPAUSE', 'CLIENT REPLY NOPE', 'CLIENT REPLY ON',
    'CLIENT NO-EVICT x', 'CLIENT NO-EVICT on', 'CLIENT LIST TYPE nope', 'CLIENT LIST ID x', 'CLIENT LIST ID',
    'CLIENT LIST ID 99999', 'CLIENT LIST NOPE', 'CLIENT LIST TYPE normal ID 1', 'CLIENT LIST TYPE master',
    'CLIENT TRACKING x', 'CLIENT TRACKING OFF', 'CLIENT TRACKINGINFO', 'CLIENT GETREDIR', 'CLIENT CACHING yes',
    'CLIENT ID x', 'CLIENT INFO x',
  ],
  config: [
    'CONFIG GET', 'CONFIG GET MaxMemory', 'CONFIG GET nope', 'CONFIG GET timeout TIMEOUT*x timeout',
    'CONFIG GET client-output-buffer-limit', 'CONFIG GET save', 'CONFIG GET slave-priority', 'CONFIG SET timeout x',
    'CONFIG SET timeout -1', 'CONFIG SET maxmemory abc', 'CONFIG SET maxmemory 1gb timeout x', 'CONFIG GET maxmemory',
    'CONFIG SET maxmemory-clients 500%', 'CONFIG SET maxmemory-clients 5x', 'CONFIG SET maxmemory-clients 5%',
    'CONFIG GET maxmemory-clients', 'CONFIG SET maxmemory-clients 0', 'CONFIG SET appendfsync nope',
    'CONFIG SET appendonly maybe', 'CONFIG SET databases 4', 'CONFIG SET timeout 1 timeout 2', 'CONFIG SET nope 1',
    'CONFIG SET dir /', 'CONFIG SET save 1', 'CONFIG SET save 3600\\s1\\s300\\s100', 'CONFIG GET save',
    'CONFIG SET client-output-buffer-limit normal\\s0', 'CONFIG SET client-output-buffer-limit nope\\s0\\s0\\s0',
    'CONFIG SET client-output-buffer-limit normal\\sx\\s0\\s0',
    'CONFIG SET client-output-buffer-limit normal\\s1mb\\s0\\s5\\spubsub\\s1\\s2\\s3',
    'CONFIG GET client-output-buffer-limit', 'CONFIG SET notify-keyspace-events Q',
    'CONFIG SET notify-keyspace-events KEA', 'CONFIG GET notify-keyspace-events',
    'CONFIG SET latency-tracking-info-percentiles 50\\sx', 'CONFIG SET latency-tracking-info-percentiles 101',
    'CONFIG SET shutdown-on-sigint save\\snow', 'CONFIG GET shutdown-on-sigint', 'CONFIG SET shutdown-on-sigint x',
    'CONFIG SET maxmemory -1', 'CONFIG SET port 99999', 'CONFIG SET maxclients 0', 'CONFIG SET dbfilename a/b',
    'CONFIG SET proc-title-template {nope}', 'CONFIG SET slowlog-log-slower-than -2', 'CONFIG SET timeout 1 x',
    'CONFIG SET maxmemory-policy nope', 'CONFIG REWRITE', 'CONFIG REWRITE x', 'CONFIG RESETSTAT', 'CONFIG NOPE',
    'CONFIG SET oom-score-adj-values 1\\s2', 'CONFIG SET hash-max-ziplist-entries 5',
    'CONFIG SET hash-max-listpack-entries 1k', 'CONFIG SET zset-max-ziplist-entries -1',
    'CONFIG SET set-max-intset-entries 1kb',
    'CONFIG SET slowlog-log-slower-than 99999999999999999999', 'CONFIG SET shutdown-on-sigterm save\\snosave',
    'CONFIG SET tls-port 1', 'CONFIG GET tls-port', 'CONFIG GET hash-max-listpack-entries',
    'CONFIG SET unixsocketperm 888', 'CONFIG GET unixsocketperm',
  ],
  server: [
    'ROLE x', 'TIME x', 'LASTSAVE x', 'LOLWUT VERSION x', 'SLOWLOG RESET', 'SLOWLOG LEN', 'SLOWLOG GET x',
    'SLOWLOG GET -2', 'SLOWLOG GET 1 2', 'SLOWLOG GET', 'SLOWLOG NOPE', 'LATENCY LATEST', 'LATENCY RESET', 'LATENCY RESET x',
    'LATENCY HISTORY x', 'LATENCY GRAPH x', 'LATENCY HISTOGRAM ping', 'LATENCY NOPE', 'MEMORY USAGE',
    'MEMORY USAGE nokey', 'MEMORY USAGE k SAMPLES -1', 'MEMORY USAGE k SAMPLES x', 'MEMORY USAGE k NOPE',
    'MEMORY PURGE', 'MEMORY NOPE', 'WAIT x 1', 'WAIT 0 -1', 'WAIT 0 x', 'WAIT 0 0', 'WAIT 1 10', 'SHUTDOWN NOPE',
    'SHUTDOWN ABORT', 'SHUTDOWN SAVE NOSAVE', 'SHUTDOWN ABORT NOW', 'INFO nope', 'INFO cluster',
    'DEBUG NOPE', 'DEBUG', 'DEBUG SLEEP', 'DEBUG SLEEP 0', 'DEBUG OBJECT nokey', 'DEBUG SET-ACTIVE-EXPIRE 1',
    'DEBUG DIGEST', 'DEBUG DIGEST-VALUE a b', 'DEBUG ERROR MY\\serror', 'DEBUG QUICKLIST-PACKED-THRESHOLD 10b',
    'DEBUG QUICKLIST-PACKED-THRESHOLD x', 'DEBUG QUICKLIST-PACKED-THRESHOLD 5gb', 'DEBUG REPLYBUFFER x y',
    'DEBUG REPLYBUFFER PEAK-RESET-TIME x', 'DEBUG CHANGE-REPL-ID', 'DEBUG REPLYBUFFER PEAK-RESET-TIME NEVER', 'DEBUG PROTOCOL nope',
    ...['string', 'integer', 'double', 'null', 'array', 'set', 'map', 'verbatim', 'true', 'false', 'bignum']
      .map((type) => `DEBUG PROTOCOL ${type}`),
    'MULTI', 'SLOWLOG RESET', 'WAIT 1 0', 'LATENCY RESET', 'EXEC',
  ],
}

for (const resp of ['2', '3']) {
  for (const [name, script] of Object.entries(scripts)) {
    test(`RESP${resp}: ${name}`, async (t) => {
      if (!requireRedis(t)) return
      const [ours, theirs] = await Promise.all([startMillrace(t, { args }), startRedis(t, { args })])
      const compared = await play(ours, theirs, ['HELLO 3', ...(resp === '2' ? ['RESET'] : []), ...script])
      const unlike = compared.slice(1).filter((one) => one.ours !== one.theirs)
      t.deepEqual(unlike.map((one) => ({ command: one.command, is: one.ours })),
        unlike.map((one) => ({ command: one.command, is: one.theirs })))
      t.is(compared.length, script.length + (resp === '2' ? 2 : 1))
    })
  }
}
