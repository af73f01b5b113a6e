ALTER TABLE "runtimes" ADD COLUMN "warnings" jsonb DEFAULT '[]'::jsonb NOT NULL;--> statement-breakpoint
ALTER TABLE "runtimes" ADD COLUMN "connection_epochs" jsonb DEFAULT '{}'::jsonb NOT NULL;