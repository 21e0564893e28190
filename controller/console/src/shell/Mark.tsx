/** Three arches: the walk around a cloister. */
export function Mark() {
  return (
    <svg className="mark" viewBox="0 0 20 20" width="20" height="20" aria-hidden="true">
      <path d="M3 16V9a2.4 2.4 0 0 1 4.7 0v7M7.7 16V9a2.4 2.4 0 0 1 4.6 0v7M12.3 16V9A2.4 2.4 0 0 1 17 9v7M2 16.5h16" fill="none" stroke="currentColor" strokeWidth="1.5" />
    </svg>
  );
}
