import { StrictMode } from 'react'
import { createRoot } from 'react-dom/client'
import { App } from './App'

const element = document.getElementById('app')
if (!element) throw new Error('index.html has no element #app')

createRoot(element).render(
  <StrictMode>
    <App />
  </StrictMode>,
)
