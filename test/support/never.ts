/** A promise that never settles. */
export function never<T>(): Promise<T> {
  return new Promise(() => {})
}
