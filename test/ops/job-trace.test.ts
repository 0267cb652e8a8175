// One job, from the request that adds it to the worker that settles it, as a collector sees it.
import { context, trace } from '@opentelemetry/api'
import { OTLPTraceExporter } from '@opentelemetry/exporter-trace-otlp-http'
import { NodeSDK } from '@opentelemetry/sdk-node'
import test from 'ava'
import { Producer, Worker } from '../../consumers/worker/index.ts'
import { startMillrace } from '../process.ts'
import { collector } from './collector.ts'

test('the spans of a job form one trace in a collector, with links from worker to producer', async (t) => {
  const { endpoint, spans } = await collector(t)
  const server = await startMillrace(t)
  const sdk = new NodeSDK({
    traceExporter: new OTLPTraceExporter({ url: `${endpoint}/v1/traces` }),
    metricReaders: [], logRecordProcessors: [], instrumentations: [],
  })
  sdk.start()
  const connection = { port: server.port }
  const producer = new Producer<{ resize: { width: number } }>({ connection, stream: 'pictures' })
  const worker = new Worker<{ resize: { width: number } }>({ connection, stream: 'pictures', signals: [] }, {
    resize: (job) => job.data.width,
  })
  const completed = new Promise((resolve) => worker.on('completed', resolve))
  await worker.start()
  const request = trace.getTracer('test').startSpan('request')
  await context.with(trace.setSpan(context.active(), request), () => producer.add('resize', { width: 640 }))
  request.end()
  await completed
  await worker.close()
  await producer.close()
  await sdk.shutdown()
  const { traceId, spanId } = request.spanContext()
  const [publish] = spans.filter((span) => span.name === 'add pictures')
  const [process] = spans.filter((span) => span.name === 'process pictures')
  const [settle] = spans.filter((span) => span.name === 'ack pictures')
  t.like(publish, { traceId, parentSpanId: spanId })
  t.like(process, { traceId, parentSpanId: publish!.spanId })
  t.deepEqual(process!.links?.map((link) => link.spanId), [publish!.spanId])
  t.deepEqual(settle!.links?.map((link) => link.spanId), [publish!.spanId])
})
