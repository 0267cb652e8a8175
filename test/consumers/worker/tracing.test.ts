// The trace that a job carries, and the spans of adding, processing and settling it, as an OpenTelemetry SDK gets them.
import { context, SpanKind, SpanStatusCode, trace, type Attributes, type Link, type SpanContext } from '@opentelemetry/api'
import { NodeSDK } from '@opentelemetry/sdk-node'
import test from 'ava'
import { Producer, Worker } from '../../../consumers/worker/index.ts'
import { startServer } from '../servers.ts'
import { until } from '../../until.ts'

type Ended = {
  name: string, kind: SpanKind, attributes: Attributes, links: Link[], status: { code: SpanStatusCode }
  parentSpanContext?: SpanContext, spanContext(): SpanContext
}

test('a job carries its trace from where it is added through every attempt', async (t) => {
  const spans: Ended[] = []
  const sdk = new NodeSDK({
    instrumentations: [],
    spanProcessors: [{
      onStart: () => {}, onEnd: (span: unknown) => { spans.push(span as Ended) },
      forceFlush: async () => {}, shutdown: async () => {},
    }],
  })
  sdk.start()
  t.teardown(() => sdk.shutdown())
  const { connection, redis } = (await startServer(t, t, 'embedded'))!
  const producer = new Producer<{ greet: string }>({ connection })
  const seen: (SpanContext | undefined)[] = []
  const worker = new Worker<{ greet: string }>({ connection, backoff: { type: 'fixed', delayMs: 10 }, signals: [] }, {
    greet: (job) => {
      seen.push(trace.getActiveSpan()?.spanContext())
      if (job.attempt === 1) throw new RangeError('once')
    },
  })
  t.teardown(() => Promise.all([worker.close(), producer.close()]))
  await worker.start()
  const request = trace.getTracer('test').startSpan('request')
  const id = await context.with(trace.setSpan(context.active(), request), () => producer.add('greet', 'ann'))
  request.end()
  await until(() => spans.some((span) => span.name === 'ack jobs'))

  const named = (name: string): Ended[] => spans.filter((span) => span.name === name)
  const [publish] = named('add jobs') as [Ended]
  t.is(publish.kind, SpanKind.PRODUCER)
  t.is(publish.parentSpanContext?.spanId, request.spanContext().spanId)
  t.like(publish.attributes, {
    'messaging.system': 'millrace', 'messaging.operation.type': 'send', 'messaging.destination.name': 'jobs', 'messaging.message.id': id,
  })
  const { traceId, spanId } = publish.spanContext()
  const [[, fields]] = await redis.xrange('jobs', '-', '+') as [[string, string[]]]
  t.is(fields[fields.indexOf('traceparent') + 1], `00-${traceId}-${spanId}-01`)

  const runs = named('process jobs')
  t.is(runs.length, 2)
  t.deepEqual(runs.map((run) => run.spanContext().spanId), seen.map((span) => span?.spanId))
  for (const [i, run] of runs.entries()) {
    t.is(run.kind, SpanKind.CONSUMER)
    t.is(run.spanContext().traceId, traceId)
    t.is(run.parentSpanContext?.spanId, spanId)
    t.deepEqual(run.links.map((link) => link.context.spanId), [spanId])
    t.like(run.attributes, {
      'messaging.operation.type': 'process', 'messaging.consumer.group.name': 'workers', 'messaging.message.id': id,
      'millrace.job.name': 'greet', 'millrace.job.attempt': i + 1,
    })
    t.is(run.status.code, i === 0 ? SpanStatusCode.ERROR : SpanStatusCode.UNSET)
  }
  for (const name of ['nack jobs', 'ack jobs']) {
    const [settle] = named(name) as [Ended]
    t.is(settle.kind, SpanKind.CLIENT)
    t.deepEqual(settle.links.map((link) => link.context.spanId), [spanId])
    t.like(settle.attributes, { 'messaging.operation.type': 'settle', 'messaging.batch.message_count': 1 })
  }
})
