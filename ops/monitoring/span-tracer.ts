// Spans of commands, of the frames that their effects became, of the syncs that made those durable, and of checkpoints.
// A command is followed when its client sent the context of a sampled trace (CLIENT TRACE), or as one in
// `trace-one-in`. Keys and arguments are never part of a span: they may be secrets.
// Attributes: https://opentelemetry.io/docs/specs/semconv/database/redis/

import { context, ROOT_CONTEXT, SpanKind, SpanStatusCode, trace } from '@opentelemetry/api'
import type { Context, Span, SpanContext, Tracer as OtelTracer } from '@opentelemetry/api'
import type { Broker } from '../../broker/broker.ts'
import { flagBits } from '../../broker/command.ts'
import type { Command } from '../../broker/command.ts'
import type { Connection } from '../../broker/connection.ts'
import type { Tracer } from '../../broker/tracer.ts'
import { syncsFollowedMax } from './limits.ts'

const writes = flagBits.write | flagBits.may_replicate
const scriptFamily = 'scripting'

/** A frame that waits to become durable. */
type Unsynced = { position: number, parent: Context, sinceMs: number }

export class SpanTracer implements Tracer {
  private readonly broker: Broker
  private readonly tracer: OtelTracer
  /** Commands that run, EXEC around those within it. */
  private readonly running: Span[]
  /** Those of this turn that wrote, and when the first of them had run. */
  private writers: Context[]
  private wroteSinceMs: number
  private readonly unsynced: Unsynced[]
  /** Position of the last entry when the turn before ended. */
  private appended: number
  /** Commands until the next one that is followed without being asked. */
  private untilNext: number

  constructor(broker: Broker, tracer: OtelTracer) {
    this.broker = broker
    this.tracer = tracer
    this.running = []
    this.writers = []
    this.wroteSinceMs = 0
    this.unsynced = []
    this.appended = -1
    this.untilNext = 0
  }

  begin(c: Connection, command: Command): boolean {
    const parent = this.parentOf(c)
    if (parent === undefined) return false
    const script = command.spec.group === scriptFamily
    const span = this.tracer.startSpan(script ? `script ${command.fullName}` : command.fullName, {
      kind: SpanKind.SERVER,
      attributes: {
        'db.system.name': 'redis', 'db.operation.name': command.fullName.toUpperCase(), 'db.namespace': String(c.db),
        'client.address': c.addr, 'millrace.client.id': c.id,
      },
    }, parent)
    if (!span.isRecording()) return false
    this.running.push(span)
    return true
  }

  end(command: Command, error: string): void {
    const span = this.running.pop()!
    if (error !== '') {
      span.setStatus({ code: SpanStatusCode.ERROR, message: error })
      span.setAttribute('db.response.status_code', error.split(' ')[0]!)
    }
    span.end()
    // What EXEC ran belongs to it: the frame is its child.
    if (this.running.length > 0 || ((command.flags & writes) === 0 && command.fullName !== 'exec')) return
    if (this.writers.length === 0) this.wroteSinceMs = this.broker.engine.clock.nowMs()
    this.writers.push(trace.setSpan(ROOT_CONTEXT, span))
  }

  /** The turn's effects became a frame. */
  turnEnded(appended: number): void {
    const { writers } = this
    const idle = appended === this.appended
    this.appended = appended
    if (writers.length === 0) return
    this.writers = []
    // None of them changed anything: there is no frame.
    if (idle) return
    const span = this.tracer.startSpan('frame', {
      startTime: this.wroteSinceMs,
      attributes: { 'millrace.log.position': appended },
      links: writers.slice(1).map((writer) => ({ context: trace.getSpanContext(writer)! })),
    }, writers[0])
    span.end()
    if (this.unsynced.length === syncsFollowedMax) this.unsynced.shift()
    const nowMs = this.broker.engine.clock.nowMs()
    const { log } = this.broker.engine
    const syncMs = log.durable >= appended ? this.broker.appender?.syncs.lastMs ?? 0 : 0
    this.unsynced.push({ position: appended, parent: trace.setSpan(ROOT_CONTEXT, span), sinceMs: nowMs - syncMs })
    this.progressed()
  }

  progressed(): void {
    const { durable } = this.broker.engine.log
    while (this.unsynced.length > 0 && this.unsynced[0]!.position <= durable) {
      const { parent, sinceMs, position } = this.unsynced.shift()!
      const attributes = { 'millrace.log.position': position }
      this.tracer.startSpan('fsync', { startTime: sinceMs, attributes }, parent).end()
    }
  }

  checkpoint(kind: 'save' | 'rewrite', startedMs: number, error: Error | undefined): void {
    const span = this.tracer.startSpan(`checkpoint ${kind}`, { startTime: startedMs }, ROOT_CONTEXT)
    if (error !== undefined) {
      span.recordException(error)
      span.setStatus({ code: SpanStatusCode.ERROR, message: error.message })
    }
    span.end()
  }

  /** The context that a command's span belongs to; undefined when it is not followed. */
  private parentOf(c: Connection): Context | undefined {
    const outer = this.running.at(-1)
    if (outer !== undefined) return trace.setSpan(context.active(), outer)
    if (c.trace !== '') return trace.setSpanContext(ROOT_CONTEXT, remoteSpan(c.trace))
    const oneIn = this.broker.config.values.traceOneIn
    if (oneIn === 0 || --this.untilNext > 0) return undefined
    this.untilNext = oneIn
    return ROOT_CONTEXT
  }
}

/** What a traceparent, which CLIENT TRACE has checked, says of the client's span. */
function remoteSpan(traceparent: string): SpanContext {
  const [, traceId, spanId, flags] = traceparent.split('-') as [string, string, string, string]
  return { traceId, spanId, traceFlags: Number.parseInt(flags, 16), isRemote: true }
}
