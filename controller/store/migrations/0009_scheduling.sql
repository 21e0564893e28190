-- Whether a node takes replicas: open, cordoned, draining, or draining_by_force. Programs that do not know this step
-- place on every node.
ALTER TABLE node ADD COLUMN scheduling TEXT NOT NULL DEFAULT 'open';
