import { getQuickJS, type QuickJSContext, type QuickJSHandle, Scope } from 'quickjs-emscripten'

/**
 * How long one call into a sandbox may take, in ms: by the clock, and by the process's CPU too, so
 * that a machine that is busy with others makes no function fail.
 */
const MAX_MS = 50

/** How much memory a sandbox may take, in bytes. */
const MAX_BYTES = 16 * 1024 * 1024

/** How deep calls inside of a sandbox may go, in bytes of stack. */
const MAX_STACK_BYTES = 256 * 1024

/**
 * Makes a function of its body and of its parameters' names, which takes and returns JSON. What
 * it uses is put aside first, out of the body's reach.
 */
const MAKE_FUNCTION = `(function (parameters, body) {
  var parse = JSON.parse, stringify = JSON.stringify
  var run = new Function(...parse(parameters), body)
  return function (values) {
    return stringify({ result: run(...parse(values)) })
  }
})`

/** Thrown where code in a sandbox is no JavaScript, throws, or takes too much. */
export class SandboxError extends Error {
  override readonly name = 'SandboxError'
}

/**
 * A function of an app's, in a JavaScript engine of its own: it sees its arguments, and neither
 * this process nor the network nor a clock that stops. Must be disposed.
 */
export class SandboxedFunction {
  readonly #context: QuickJSContext
  readonly #run: QuickJSHandle
  /** When the call that runs began; while none runs, the engine is not stopped. */
  #began: { readonly at: number; readonly cpu: NodeJS.CpuUsage } | undefined

  private constructor(context: QuickJSContext, parameters: readonly string[], body: string) {
    this.#context = context
    context.runtime.setMemoryLimit(MAX_BYTES)
    context.runtime.setMaxStackSize(MAX_STACK_BYTES)
    context.runtime.setInterruptHandler(() => this.#isLate())
    this.#run = Scope.withScope((scope) => {
      const make = scope.manage(this.#take(context.evalCode(MAKE_FUNCTION)))
      const names = scope.manage(context.newString(JSON.stringify(parameters)))
      const text = scope.manage(context.newString(body))
      return this.#take(context.callFunction(make, context.undefined, names, text))
    })
  }

  /**
   * Makes a function.
   *
   * @param parameters - names of its parameters
   * @param body - its body, in JavaScript
   * @throws SandboxError where the body is no JavaScript
   */
  static async create(parameters: readonly string[], body: string): Promise<SandboxedFunction> {
    const context = (await getQuickJS()).newContext()
    try {
      return new SandboxedFunction(context, parameters, body)
    } catch (error) {
      context.dispose()
      throw error
    }
  }

  /**
   * Calls the function.
   *
   * @param values - its arguments, each as JSON
   * @returns what it returned, as far as JSON can say it
   * @throws SandboxError where it throws, or takes too much time or memory
   */
  call(values: readonly string[]): unknown {
    this.#began = { at: performance.now(), cpu: process.cpuUsage() }
    const context = this.#context
    const text = Scope.withScope((scope) => {
      const list = scope.manage(context.newString(`[${values.join(',')}]`))
      const called = context.callFunction(this.#run, context.undefined, list)
      return context.getString(scope.manage(this.#take(called)))
    })
    return JSON.parse(text).result
  }

  #isLate(): boolean {
    if (!this.#began || performance.now() - this.#began.at < MAX_MS) return false
    const { user, system } = process.cpuUsage(this.#began.cpu)
    return (user + system) / 1000 > MAX_MS
  }

  /** Frees the engine. */
  dispose(): void {
    this.#run.dispose()
    this.#context.dispose()
  }

  #take(result: ReturnType<QuickJSContext['evalCode']>): QuickJSHandle {
    if (!result.error) return result.value
    const text = result.error.consume((error) => explain(this.#context, error))
    throw new SandboxError(text)
  }
}

/** Says what went wrong, without the engine's stack. */
function explain(context: QuickJSContext, error: QuickJSHandle): string {
  const thrown: unknown = context.dump(error)
  const text =
    typeof thrown === 'object' && thrown !== null && 'message' in thrown
      ? String(thrown.message)
      : String(thrown)
  if (text === 'interrupted') return `it took longer than ${MAX_MS} ms`
  if (text === 'out of memory' || text === 'null') return 'it took more than 16 MB'
  return text
}
