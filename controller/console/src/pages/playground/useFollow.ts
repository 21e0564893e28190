import { useEffect, useLayoutEffect, useRef } from 'react';

/** How near the end of the page counts as being there. */
const NEAR_PX = 120;

/** Keeps the end of the page in view while it grows, unless the reader has scrolled away from it. */
export function useFollow(grown: unknown): void {
  const isAtEnd = useRef(true);
  useEffect(() => {
    const look = () => {
      isAtEnd.current = document.documentElement.scrollHeight - window.innerHeight - window.scrollY < NEAR_PX;
    };
    window.addEventListener('scroll', look, { passive: true });
    return () => window.removeEventListener('scroll', look);
  }, []);
  useLayoutEffect(() => {
    if (isAtEnd.current) window.scrollTo(0, document.documentElement.scrollHeight);
  }, [grown]);
}
