export function JobRoute() {
  return null;
}
