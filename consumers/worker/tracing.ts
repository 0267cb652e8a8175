// OpenTelemetry: a job carries the trace it was added in. Only the API is used, which does nothing until a program
// registers an SDK. Names and attributes: https://opentelemetry.io/docs/specs/semconv/messaging/messaging-spans/

import { context, createTraceState, isSpanContextValid, SpanKind, SpanStatusCode, trace } from '@opentelemetry/api'
import type { Attributes, Link, Span, SpanContext } from '@opentelemetry/api'
import type { TraceFields } from './entry.ts'
import type { Job } from './job.ts'

const tracer = trace.getTracer('millrace')
const traceparentPattern = /^00-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})$/

/** Where jobs are: the stream, and the group for those that read. */
export type Destination = { readonly stream: string, readonly group?: string, readonly consumer?: string }

function attributes(at: Destination, operation: 'send' | 'process' | 'settle', name: string): Attributes {
  return {
    'messaging.system': 'millrace',
    'messaging.operation.type': operation,
    'messaging.operation.name': name,
    'messaging.destination.name': at.stream,
    ...(at.group === undefined ? {} : { 'messaging.consumer.group.name': at.group }),
    ...(at.consumer === undefined ? {} : { 'messaging.client.id': at.consumer }),
  }
}

/** The span of jobs being added; what they carry of it comes from `traceFields`. */
export function startPublish(at: Destination, jobs: number): Span {
  const span = tracer.startSpan(`add ${at.stream}`, { kind: SpanKind.PRODUCER })
  if (!span.isRecording()) return span
  span.setAttributes(attributes(at, 'send', 'add'))
  if (jobs > 1) span.setAttribute('messaging.batch.message_count', jobs)
  return span
}

/** The fields that carry a span's context; undefined when there is none. */
export function traceFields(span: Span): TraceFields {
  const of = span.spanContext()
  if (!isSpanContextValid(of)) return undefined
  const flags = of.traceFlags.toString(16).padStart(2, '0')
  return { traceparent: `00-${of.traceId}-${of.spanId}-${flags}`, tracestate: of.traceState?.serialize() ?? '' }
}

export function endSpan(span: Span, error?: unknown): void {
  if (error !== undefined && span.isRecording()) {
    span.recordException(error as Error)
    span.setStatus({ code: SpanStatusCode.ERROR, message: error instanceof Error ? error.message : String(error) })
    span.setAttribute('error.type', error instanceof Error ? error.name : '_OTHER')
  }
  span.end()
}

/** The context in which a job was added; undefined when it carries none. */
export function creationContext(traceparent: string, tracestate: string): SpanContext | undefined {
  const match = traceparentPattern.exec(traceparent)
  if (match === null) return undefined
  const [, traceId, spanId, flags] = match as unknown as [string, string, string, string]
  const of: SpanContext = { traceId, spanId, traceFlags: Number.parseInt(flags, 16), isRemote: true }
  if (tracestate !== '') of.traceState = createTraceState(tracestate)
  return isSpanContextValid(of) ? of : undefined
}

/** The span of a handler's run: a child of the span that added the job, with a link to it. */
export function startProcess(at: Destination, job: Job): Span {
  const { traceparent, tracestate } = job.entry
  const creator = traceparent === '' ? undefined : creationContext(traceparent, tracestate)
  const options = { kind: SpanKind.CONSUMER, ...(creator === undefined ? {} : { links: [{ context: creator }] }) }
  const parent = creator === undefined ? context.active() : trace.setSpanContext(context.active(), creator)
  const span = tracer.startSpan(`process ${at.stream}`, options, parent)
  if (!span.isRecording()) return span
  span.setAttributes(attributes(at, 'process', 'process'))
  span.setAttributes({
    'messaging.message.id': job.id, 'millrace.job.name': job.name, 'millrace.job.attempt': job.attempt,
    ...(job.key === '' ? {} : { 'millrace.job.key': job.key }),
  })
  return span
}

/** Runs `work` with the span as the active one. */
export function within<T>(span: Span, work: () => T): T {
  return context.with(trace.setSpan(context.active(), span), work)
}

/** The span of jobs being settled together, linked to where each was added. */
export function startSettle(at: Destination, name: string, jobs: readonly Job[]): Span {
  const links: Link[] = []
  for (const job of jobs) {
    if (job.entry.traceparent === '') continue
    const creator = creationContext(job.entry.traceparent, job.entry.tracestate)
    if (creator !== undefined) links.push({ context: creator })
  }
  const span = tracer.startSpan(`${name} ${at.stream}`, { kind: SpanKind.CLIENT, links })
  if (!span.isRecording()) return span
  span.setAttributes(attributes(at, 'settle', name))
  span.setAttribute('messaging.batch.message_count', jobs.length)
  return span
}
