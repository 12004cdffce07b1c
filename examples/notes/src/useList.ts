import { useCallback, useEffect, useState } from 'react'

/** A list that is kept elsewhere, with all that can be done to it. */
interface KeptList<T> {
  list(): Promise<T[]>
}

/**
 * Loads a list, and loads it anew after each change.
 *
 * @returns the items, what has failed, and a function that makes a change
 */
export function useList<T>(kept: KeptList<T>) {
  const [items, setItems] = useState<T[]>()
  const [error, setError] = useState('')

  const change = useCallback(
    async (make: () => Promise<void>) => {
      try {
        await make()
        setItems(await kept.list())
        setError('')
      } catch (failure) {
        setError(failure instanceof Error ? failure.message : 'The Hub did not answer.')
      }
    },
    [kept],
  )

  useEffect(() => {
    void change(async () => {})
  }, [change])

  return { items, error, change }
}
