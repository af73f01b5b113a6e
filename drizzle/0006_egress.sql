ALTER TABLE "runtimes" ADD COLUMN "egress" jsonb;--> statement-breakpoint
ALTER TABLE "runtimes" ADD COLUMN "proxy" jsonb;--> statement-breakpoint
ALTER TABLE "runtimes" ADD COLUMN "bytes_in" bigint DEFAULT 0 NOT NULL;--> statement-breakpoint
ALTER TABLE "runtimes" ADD COLUMN "bytes_out" bigint DEFAULT 0 NOT NULL;--> statement-breakpoint
ALTER TABLE "runtimes" ADD COLUMN "connections" integer DEFAULT 0 NOT NULL;