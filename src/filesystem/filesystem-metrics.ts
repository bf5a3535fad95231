import { GatewayError } from '../protocol/gateway-error.ts'
import { type AttributeValue, fileOptions } from '../telemetry/catalogue.ts'
import { createInstruments, type Instruments } from '../telemetry/instruments.ts'

export type FileOperation = AttributeValue<'fileOperations', 'operation'>
export type FileOption = AttributeValue<'fileRefusals', 'option'>
type OperationResult = AttributeValue<'fileOperations', 'result'>

/** What happens to files, counted. */
export class FilesystemMetrics {
  readonly #count: Instruments

  constructor(instruments: Instruments = createInstruments()) {
    this.#count = instruments
  }

  succeeded(operation: FileOperation): void {
    this.#count.fileOperations.add({ operation, result: 'success' })
  }

  failed(operation: FileOperation, error: unknown): void {
    const known: GatewayError | undefined = error instanceof GatewayError ? error : undefined
    const result = known === undefined ? 'internal' : (results[known.kind] ?? 'refused')
    this.#count.fileOperations.add({ operation, result })
    const option = fileOptions.find(name => name === known?.data?.option)
    if (option !== undefined) this.#count.fileRefusals.add({ option })
  }

  read(bytes: number): void {
    this.#count.fileBytes.add({ direction: 'read' }, bytes)
  }

  written(bytes: number): void {
    this.#count.fileBytes.add({ direction: 'written' }, bytes)
  }

  changeSeen(): void {
    this.#count.missingChanges.add({})
  }

  count(operation: FileOperation, result: OperationResult): number {
    return this.#count.fileOperations.value({ operation, result })
  }

  bytes(direction: AttributeValue<'fileBytes', 'direction'>): number {
    return this.#count.fileBytes.value({ direction })
  }
}

const results: Partial<Record<GatewayError['kind'], OperationResult>> = { notFound: 'not_found', internal: 'internal' }
