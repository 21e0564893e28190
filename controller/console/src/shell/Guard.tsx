import { Component, type ReactNode } from 'react';
import { ErrorState } from '../design';

/** Keeps a fault of one page on that page. */
export class Guard extends Component<{ children: ReactNode }, { error: Error | undefined }> {
  override state: { error: Error | undefined } = { error: undefined };

  static getDerivedStateFromError(error: unknown) {
    return { error: error instanceof Error ? error : new Error(String(error)) };
  }

  override render() {
    if (!this.state.error) return this.props.children;
    // A chunk that is gone means a newer console: only a new load gets it.
    return <ErrorState error={this.state.error} onRetry={() => location.reload()} />;
  }
}
