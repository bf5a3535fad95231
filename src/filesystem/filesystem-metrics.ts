import { GatewayError } from '../protocol/gateway-error.ts'
import { type AttributeValue, fileOperations, fileOptions } from '../telemetry/catalogue.ts'
import { type Cell, createInstruments, type Instruments } from '../telemetry/instruments.ts'

export type FileOperation = AttributeValue<'fileOperations', 'operation'>
export type FileOption = AttributeValue<'fileRefusals', 'option'>
type OperationResult = AttributeValue<'fileOperations', 'result'>

/** What happens to files, counted. */
export class FilesystemMetrics {
  readonly #count: Instruments
  /** Looked up once: every operation that succeeds passes here. */
  readonly #succeeded: ReadonlyMap<FileOperation, Cell>
  readonly #read: Cell
  readonly #written: Cell

  constructor(instruments: Instruments = createInstruments()) {
    this.#count = instruments
    this.#succeeded = new Map(
      fileOperations.map(operation => [operation, instruments.fileOperations.at({ operation, result: 'success' })]),
    )
    this.#read = instruments.fileBytes.at({ direction: 'read' })
    this.#written = instruments.fileBytes.at({ direction: 'written' })
  }

  succeeded(operation: FileOperation): void {
    this.#succeeded.get(operation)?.add()
  }

  failed(operation: FileOperation, error: unknown): void {
    const known: GatewayError | undefined = error instanceof GatewayError ? error : undefined
    const result = known === undefined ? 'internal' : (results[known.kind] ?? 'refused')
    this.#count.fileOperations.add({ operation, result })
    const option = fileOptions.find(name => name === known?.data?.option)
    if (option !== undefined) this.#count.fileRefusals.add({ option })
  }

  read(bytes: number): void {
    this.#read.add(bytes)
  }

  written(bytes: number): void {
    this.#written.add(bytes)
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
