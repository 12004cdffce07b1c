import type { FormEvent } from 'react'
import type { Notes } from './notes'
import { useList } from './useList'

export function NoteList({ notes }: { notes: Notes }) {
  const { items, error, change } = useList(notes)

  function add(event: FormEvent<HTMLFormElement>) {
    event.preventDefault()
    const form = event.currentTarget
    const text = String(new FormData(form).get('text')).trim()
    form.reset()
    if (text !== '') void change(() => notes.add(text))
  }

  return (
    <section>
      <form onSubmit={add}>
        <label>
          New note <input name="text" autoComplete="off" />
        </label>
        <button type="submit">Keep</button>
      </form>
      {error && <p role="alert">{error}</p>}
      {items ? (
        <ul>
          {items.map(({ _id, text }) => (
            <li key={_id}>
              <span>{text}</span>
              <button type="button" onClick={() => change(() => notes.remove(_id))}>
                Delete <span className="hidden">{text}</span>
              </button>
            </li>
          ))}
          {items.length === 0 && <li>No notes yet.</li>}
        </ul>
      ) : (
        <p role="status">Loading your notes</p>
      )}
    </section>
  )
}
