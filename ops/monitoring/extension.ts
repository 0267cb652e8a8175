// Monitoring as an extension of the broker: the HTTP door where `metrics-port` is set, OpenTelemetry where
// `otlp-endpoint` or the usual environment variables name a collector. Where none is, nothing of it is even loaded.

import { monitorEventLoopDelay } from 'node:perf_hooks'
import { setTimeout as delay } from 'node:timers/promises'
import type { Broker } from '../../broker/broker.ts'
import type { Extension } from '../../broker/extension.ts'
import type { Telemetry } from '../telemetry.ts'
import { HttpDoor } from './http-door.ts'
import { flushMsMax, loopDelayMs } from './limits.ts'
import { brokerMetrics } from './metrics.ts'
import type { LoopDelay } from './metrics.ts'
import { StreamFigures } from './stream-figures.ts'
import { SpanTracer } from './span-tracer.ts'

class Monitoring {
  private readonly broker: Broker
  private readonly wantsDoor: boolean
  /** Where traces and metrics are sent; '' for nowhere. */
  private readonly endpoint: string
  private readonly loopDelay: LoopDelay
  private door: HttpDoor | undefined
  private telemetry: Telemetry | undefined
  tracer: SpanTracer | undefined

  constructor(broker: Broker, endpoint: string) {
    this.broker = broker
    this.endpoint = endpoint
    this.wantsDoor = broker.config.values.metricsPort > 0
    this.loopDelay = monitorEventLoopDelay({ resolution: loopDelayMs })
  }

  async open(): Promise<void> {
    const { broker, endpoint, loopDelay } = this
    const streams = new StreamFigures(broker)
    loopDelay.enable()
    const collect = (): ReturnType<typeof brokerMetrics> => brokerMetrics(broker, streams, loopDelay)
    const { startTelemetry } = await import('../telemetry.ts')
    const telemetry = startTelemetry({
      collect, endpoint, intervalMs: broker.config.values.otlpInterval, startedMs: broker.startedMs,
      warn: (text) => broker.report('warning', `telemetry: ${text}`),
    })
    this.telemetry = telemetry
    if (this.wantsDoor) {
      this.door = new HttpDoor(broker, telemetry.prometheusText)
      this.door.open()
    }
    if (telemetry.tracer !== undefined) {
      const tracer = new SpanTracer(broker, telemetry.tracer)
      this.tracer = tracer
      broker.tracer = tracer
      broker.logFollowers.add(() => tracer.progressed())
    }
  }

  async close(): Promise<void> {
    this.broker.tracer = undefined
    this.loopDelay.disable()
    await this.door?.close()
    // A collector that takes spans and never answers holds nobody up.
    await Promise.race([this.telemetry?.stop(), delay(flushMsMax, undefined, { ref: false })])
  }
}

export const monitoring: Extension = {
  name: 'monitoring',
  attach(broker) {
    const { metricsPort, otlpEndpoint } = broker.config.values
    const endpoint = otlpEndpoint === '' ? process.env['OTEL_EXPORTER_OTLP_ENDPOINT'] ?? '' : otlpEndpoint
    if (metricsPort === 0 && endpoint === '') return {}
    const work = new Monitoring(broker, endpoint)
    const opened = work.open().catch((error: unknown) => broker.report('warning', `monitoring: ${String(error)}`))
    return {
      turnEnded: (appended) => work.tracer?.turnEnded(appended),
      stopping: async () => {
        await opened
        await work.close()
      },
    }
  },
}
