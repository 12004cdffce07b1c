import { z } from 'zod'

/** What the documents say about a variable, beside its name, its format and its default. */
export interface VariableDocs {
  /** What it does, in whole sentences of Markdown. */
  readonly description: string
  /** What holds where it is not set and has no fixed default. */
  readonly unset?: string
  /** A value that it can have; the default where missing. */
  readonly example?: string
}

/** What the documents say about each variable; what a value looks like is in `formats`. */
export const docs = z.registry<VariableDocs>()
