import { Status } from '../../../grpc/status.js'
import { CallError } from '../../call.js'
import { type Instance, readFiltered, writeInstance } from '../instance.js'
import { isJsonObject, type JsonObject } from '../json.js'
import { SandboxError, SandboxedFunction } from './sandbox.js'

/** What somebody does to an instance. */
export interface Action {
  readonly type: 'create' | 'save' | 'delete'
  readonly collection: string
  readonly id: string
  /** The instance as it is to be; `undefined` where it is deleted. */
  readonly value: JsonObject | undefined
}

/** Decides on writes, by an app's own function of `writer`, `event` and `instance`. */
export class WriteValidator {
  readonly #run: SandboxedFunction

  private constructor(run: SandboxedFunction) {
    this.#run = run
  }

  /** @throws CallError where the body is no JavaScript */
  static async open(body: string): Promise<WriteValidator> {
    return new WriteValidator(await compile(['writer', 'event', 'instance'], body))
  }

  /**
   * Asks whether a write is allowed: the function must return `true`. A text that it returns says
   * why not.
   *
   * @param writer - public key of who writes
   * @param previous - the instance as it is
   * @throws CallError where it is not
   */
  check(writer: string, action: Action, previous: Instance | undefined): void {
    const instance = previous ? writeInstance(previous) : 'null'
    const values = [JSON.stringify(writer), JSON.stringify(eventOf(action, previous)), instance]
    const verdict = run(this.#run, values, 'the write validator')
    if (verdict === true) return
    const reason = typeof verdict === 'string' ? verdict : 'the write validator refuses it'
    throw new CallError(Status.Unknown, `app denied net record body: ${reason}`)
  }

  dispose(): void {
    this.#run.dispose()
  }
}

/** Decides what a reader sees, by an app's own function of `reader` and `instance`. */
export class ReadFilter {
  readonly #run: SandboxedFunction

  private constructor(run: SandboxedFunction) {
    this.#run = run
  }

  /** @throws CallError where the body is no JavaScript */
  static async open(body: string): Promise<ReadFilter> {
    return new ReadFilter(await compile(['reader', 'instance'], body))
  }

  /**
   * What a reader sees of an instance.
   *
   * @param reader - public key of who reads
   * @returns `undefined` where the function returns no object: the instance is hidden
   * @throws CallError where the function fails
   */
  apply(reader: string, instance: Instance): Instance | undefined {
    const values = [JSON.stringify(reader), writeInstance(instance)]
    return readFiltered(run(this.#run, values, 'the read filter'), instance)
  }

  dispose(): void {
    this.#run.dispose()
  }
}

/**
 * Throws unless the functions that a collection is given are JavaScript.
 *
 * @throws CallError
 */
export async function checkGuards(writeValidator: string, readFilter: string): Promise<void> {
  if (writeValidator !== '') (await WriteValidator.open(writeValidator)).dispose()
  if (readFilter !== '') (await ReadFilter.open(readFilter)).dispose()
}

async function compile(parameters: readonly string[], body: string): Promise<SandboxedFunction> {
  try {
    return await SandboxedFunction.create(parameters, body)
  } catch (error) {
    if (!(error instanceof SandboxError)) throw error
    throw new CallError(Status.Unknown, `compiling js func: ${error.message}`)
  }
}

function run(sandboxed: SandboxedFunction, values: readonly string[], name: string): unknown {
  try {
    return sandboxed.call(values)
  } catch (error) {
    if (!(error instanceof SandboxError)) throw error
    throw new CallError(Status.Unknown, `app denied net record body: ${name}: ${error.message}`)
  }
}

/** A write as the validator is told of it, by the names that hubd uses. */
function eventOf({ type, collection, id, value }: Action, previous: Instance | undefined): object {
  const patch = value && previous ? mergePatch(previous.value, value) : (value ?? null)
  return {
    timestamp: Date.now(),
    collection_name: collection,
    patch: { type, instance_id: id, json_patch: patch },
  }
}

/** What turns one object into another, by the rules of RFC 7396. */
function mergePatch(from: JsonObject, to: JsonObject): JsonObject {
  const patch: Record<string, unknown> = {}
  for (const name of Object.keys(from)) if (!Object.hasOwn(to, name)) patch[name] = null
  for (const [name, value] of Object.entries(to)) {
    const old = from[name]
    if (isJsonObject(old) && isJsonObject(value)) {
      const inner = mergePatch(old, value)
      if (Object.keys(inner).length > 0) patch[name] = inner
    } else if (JSON.stringify(old) !== JSON.stringify(value)) {
      patch[name] = value
    }
  }
  return patch
}
