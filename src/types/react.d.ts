// As much of React as the client's hook needs. React's own types declare an `HTMLElement` without
// members wherever a program has no types of the DOM, as this one: tsconfig.json puts these in their place.
export function useCallback<T extends (...args: never[]) => unknown>(
  callback: T,
  dependencies: readonly unknown[],
): T
export function useEffect(effect: () => void, dependencies?: readonly unknown[]): void
export function useState<T>(initial: () => T): [value: T, set: (next: T) => void]
export function useSyncExternalStore<T>(
  subscribe: (listener: () => void) => () => void,
  read: () => T,
  readOnServer: () => T,
): T
