// Monitoring at work on one broker: who collects its figures, who opens the door, who follows commands.

import { monitorEventLoopDelay } from 'node:perf_hooks'
import { setTimeout as delay } from 'node:timers/promises'
import type { Broker } from '../../broker/broker.ts'
import { startTelemetry } from '../telemetry.ts'
import type { Telemetry } from '../telemetry.ts'
import { HttpDoor } from './http-door.ts'
import { flushMsMax, loopDelayMs } from './limits.ts'
import { brokerMetrics } from './metrics.ts'
import type { LoopDelay } from './metrics.ts'
import { StreamFigures } from './stream-figures.ts'
import { SpanTracer } from './span-tracer.ts'

export class Monitoring {
  /** Undefined where spans are sent nowhere. */
  readonly tracer: SpanTracer | undefined
  private readonly broker: Broker
  private readonly loopDelay: LoopDelay
  private readonly telemetry: Telemetry
  private readonly door: HttpDoor | undefined

  /** `endpoint`: where traces and metrics are sent; '' for nowhere. */
  constructor(broker: Broker, endpoint: string) {
    const { metricsPort, otlpInterval } = broker.config.values
    const streams = new StreamFigures(broker)
    const loopDelay = monitorEventLoopDelay({ resolution: loopDelayMs })
    loopDelay.enable()
    this.broker = broker
    this.loopDelay = loopDelay
    this.telemetry = startTelemetry({
      collect: () => brokerMetrics(broker, streams, loopDelay), endpoint,
      intervalMs: otlpInterval, startedMs: broker.startedMs,
      warn: (text) => broker.report('warning', `telemetry: ${text}`),
    })
    this.door = metricsPort > 0 ? new HttpDoor(broker, this.telemetry.prometheusText) : undefined
    this.door?.open()
    const { tracer } = this.telemetry
    if (tracer === undefined) return
    const spans = new SpanTracer(broker, tracer)
    this.tracer = spans
    broker.tracer = spans
    broker.logFollowers.add(() => spans.progressed())
  }

  async close(): Promise<void> {
    this.broker.tracer = undefined
    this.loopDelay.disable()
    await this.door?.close()
    // A collector that takes spans and never answers holds nobody up.
    await Promise.race([this.telemetry.stop(), delay(flushMsMax, undefined, { ref: false })])
  }
}
