/** Names and addresses by which a machine reaches itself; IPv6 in brackets as in a URL, or not. */
const LOOPBACK = /^(localhost|127(\.\d{1,3}){3}|::1|\[::1\])$/

/** Whether a host, without a port, is this machine by its name. */
export function isLoopback(host: string): boolean {
  return LOOPBACK.test(host)
}
