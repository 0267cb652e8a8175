// The one door to the OpenTelemetry SDK: turns our figures into its metrics, sends them and spans to a collector by
// OTLP over HTTP, and renders the Prometheus text. OTEL_SERVICE_NAME, OTEL_RESOURCE_ATTRIBUTES, OTEL_TRACES_SAMPLER and
// the other variables of the SDK mean what they always do.
// https://opentelemetry.io/docs/specs/otel/configuration/sdk-environment-variables/

import { trace, ValueType } from '@opentelemetry/api'
import type { HrTime, Tracer } from '@opentelemetry/api'
import { OTLPMetricExporter } from '@opentelemetry/exporter-metrics-otlp-http'
import { PrometheusSerializer } from '@opentelemetry/exporter-prometheus'
import { OTLPTraceExporter } from '@opentelemetry/exporter-trace-otlp-http'
import { emptyResource } from '@opentelemetry/resources'
import { AggregationTemporality, DataPointType, PeriodicExportingMetricReader } from '@opentelemetry/sdk-metrics'
import type {
  CollectionResult, DataPoint, MetricData, MetricProducer, ResourceMetrics,
} from '@opentelemetry/sdk-metrics'
import { NodeSDK } from '@opentelemetry/sdk-node'
import type { Metric } from '../broker/metric.ts'
import version from '../package.json' with { type: 'json' }

const scope = { name: 'millrace', version: version.version }

const unitSuffixes = new Map([['s', 'seconds'], ['By', 'bytes']])

export type TelemetryOptions = {
  collect: () => readonly Metric[]
  /** Base address of the collector (`http://localhost:4318`); '': nothing is sent. */
  endpoint: string
  /** How often metrics are sent. */
  intervalMs: number
  /** Unix ms since when the counters count. */
  startedMs: number
  warn: (text: string) => void
}

export type Telemetry = {
  /** Undefined where nothing is sent. */
  tracer: Tracer | undefined
  prometheusText: () => Promise<string>
  /** Sends what is left. */
  stop: () => Promise<void>
}

export function startTelemetry(options: TelemetryOptions): Telemetry {
  const producer = new BrokerMetrics(options)
  const scraped = new BrokerMetrics({ ...options, collect: () => options.collect().map(withUnit) })
  const serializer = new PrometheusSerializer(undefined, false, undefined, true, true)
  const prometheusText = async (): Promise<string> => serializer.serialize((await scraped.collect()).resourceMetrics)
  if (options.endpoint === '') return { tracer: undefined, prometheusText, stop: async () => {} }
  const base = options.endpoint.replace(/\/+$/, '')
  const sdk = new NodeSDK({
    serviceName: process.env['OTEL_SERVICE_NAME'] ?? 'millrace',
    traceExporter: new OTLPTraceExporter({ url: `${base}/v1/traces` }),
    metricReaders: [new PeriodicExportingMetricReader({
      exporter: new OTLPMetricExporter({ url: `${base}/v1/metrics` }),
      exportIntervalMillis: options.intervalMs, exportTimeoutMillis: options.intervalMs, metricProducers: [producer],
    })],
    logRecordProcessors: [],
    instrumentations: [],
  })
  sdk.start()
  return {
    // Rather than the process's own: that is of whoever came first, another broker or the program itself. The SDK keeps
    // the one that it made to itself.
    tracer: (sdk['_tracerProvider'] ?? trace).getTracer(scope.name, scope.version),
    prometheusText,
    stop: () => sdk.shutdown().catch((error: unknown) => options.warn(`what was left was not sent: ${String(error)}`)),
  }
}

/** Figures of the broker for readers of the SDK. */
class BrokerMetrics implements MetricProducer {
  private readonly options: TelemetryOptions
  private readonly startTime: HrTime

  constructor(options: TelemetryOptions) {
    this.options = options
    this.startTime = hrTime(options.startedMs)
  }

  async collect(): Promise<CollectionResult> {
    const endTime = hrTime(Date.now())
    const metrics = this.options.collect().filter(({ points }) => points.length > 0)
      .map((metric) => this.convert(metric, endTime))
    const resourceMetrics: ResourceMetrics = {
      resource: emptyResource(),
      scopeMetrics: [{ scope, metrics }],
    }
    return { resourceMetrics, errors: [] }
  }

  private convert(metric: Metric, endTime: HrTime): MetricData {
    const descriptor = {
      name: metric.name, description: metric.description, unit: metric.unit, valueType: ValueType.DOUBLE,
    }
    const shared = { descriptor, aggregationTemporality: AggregationTemporality.CUMULATIVE }
    const { startTime } = this
    if (metric.kind === 'histogram') {
      const dataPoints = metric.points.map(({ attributes, bounds, counts, count, sum }) => ({
        startTime, endTime, attributes,
        value: { buckets: { boundaries: [...bounds], counts: [...counts] }, count, sum },
      }))
      return { ...shared, dataPointType: DataPointType.HISTOGRAM, dataPoints }
    }
    const dataPoints: DataPoint<number>[] = metric.points.map(({ attributes, value }) => ({
      startTime, endTime, attributes, value,
    }))
    if (metric.kind === 'gauge') return { ...shared, dataPointType: DataPointType.GAUGE, dataPoints }
    return { ...shared, dataPointType: DataPointType.SUM, isMonotonic: true, dataPoints }
  }
}

/** Prometheus wants the unit in the name. https://prometheus.io/docs/practices/naming/ */
function withUnit(metric: Metric): Metric {
  const suffix = unitSuffixes.get(metric.unit)
  return suffix === undefined ? metric : { ...metric, name: `${metric.name}.${suffix}` }
}

function hrTime(ms: number): HrTime {
  return [Math.floor(ms / 1000), Math.round((ms % 1000) * 1e6)]
}
