import { type ChangeEvent, useEffect, useState } from 'react'
import type { Picture, Pictures } from './pictures'
import { useList } from './useList'

export function PictureList({ pictures }: { pictures: Pictures }) {
  const { items, error, change } = useList(pictures)

  function add(event: ChangeEvent<HTMLInputElement>) {
    const file = event.target.files?.[0]
    if (file) void change(() => pictures.add(file))
  }

  return (
    <section>
      <label>
        New picture{' '}
        <input type="file" accept="image/png,image/jpeg,image/gif,image/webp" onChange={add} />
      </label>
      {error && <p role="alert">{error}</p>}
      {items ? (
        <ul className="pictures">
          {items.map((picture) => (
            <li key={picture.name}>
              <Figure picture={picture} />
              <button type="button" onClick={() => change(() => pictures.remove(picture.name))}>
                Delete <span className="hidden">{picture.name}</span>
              </button>
            </li>
          ))}
          {items.length === 0 && <li>No pictures yet.</li>}
        </ul>
      ) : (
        <p role="status">Loading your pictures</p>
      )}
    </section>
  )
}

function Figure({ picture: { name, blob } }: { picture: Picture }) {
  const [url, setUrl] = useState<string>()

  useEffect(() => {
    const made = URL.createObjectURL(blob)
    setUrl(made)
    return () => URL.revokeObjectURL(made)
  }, [blob])

  return url && <img src={url} alt={name} />
}
