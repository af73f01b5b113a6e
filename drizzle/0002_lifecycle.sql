ALTER TYPE "public"."runtime_state" ADD VALUE 'accepted' BEFORE 'launching';--> statement-breakpoint
ALTER TYPE "public"."runtime_stop_reason" ADD VALUE 'idle';--> statement-breakpoint
ALTER TYPE "public"."runtime_stop_reason" ADD VALUE 'expired';--> statement-breakpoint
CREATE TABLE "idempotency_keys" (
	"id" text PRIMARY KEY NOT NULL,
	"request" text NOT NULL,
	"node_id" uuid NOT NULL,
	"answer" "bytea",
	"created_at" timestamp (3) with time zone DEFAULT now() NOT NULL
);
--> statement-breakpoint
CREATE TABLE "runtime_events" (
	"id" bigint PRIMARY KEY GENERATED ALWAYS AS IDENTITY (sequence name "runtime_events_id_seq" INCREMENT BY 1 MINVALUE 1 MAXVALUE 9223372036854775807 START WITH 1 CACHE 1),
	"organization_id" uuid NOT NULL,
	"runtime_id" uuid NOT NULL,
	"type" text NOT NULL,
	"context_id" text,
	"page_id" text,
	"data" jsonb NOT NULL,
	"created_at" timestamp (3) with time zone DEFAULT now() NOT NULL
);
--> statement-breakpoint
DROP INDEX "runtimes_active_alias";--> statement-breakpoint
DROP INDEX "runtimes_active_node";--> statement-breakpoint
ALTER TABLE "api_keys" ADD COLUMN "is_admin" boolean DEFAULT false NOT NULL;--> statement-breakpoint
ALTER TABLE "organizations" ADD COLUMN "max_runtimes" integer;--> statement-breakpoint
ALTER TABLE "runtimes" ADD COLUMN "generation" integer DEFAULT 1 NOT NULL;--> statement-breakpoint
ALTER TABLE "runtimes" ADD COLUMN "browser_directory" text;--> statement-breakpoint
ALTER TABLE "runtimes" ADD COLUMN "idle_timeout_seconds" integer DEFAULT 1800 NOT NULL;--> statement-breakpoint
ALTER TABLE "runtimes" ADD COLUMN "max_duration_seconds" integer DEFAULT 86400 NOT NULL;--> statement-breakpoint
ALTER TABLE "runtimes" ADD COLUMN "last_activity_at" timestamp (3) with time zone;--> statement-breakpoint
ALTER TABLE "runtimes" ADD COLUMN "expires_at" timestamp (3) with time zone;--> statement-breakpoint
ALTER TABLE "runtime_events" ADD CONSTRAINT "runtime_events_runtime_id_runtimes_id_fk" FOREIGN KEY ("runtime_id") REFERENCES "public"."runtimes"("id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
CREATE INDEX "idempotency_keys_age" ON "idempotency_keys" USING btree ("created_at");--> statement-breakpoint
CREATE INDEX "runtime_events_of" ON "runtime_events" USING btree ("runtime_id","id");--> statement-breakpoint
CREATE INDEX "runtime_events_age" ON "runtime_events" USING btree ("created_at");--> statement-breakpoint
CREATE INDEX "runtimes_active_organization" ON "runtimes" USING btree ("organization_id") WHERE state not in ('stopped', 'failed');--> statement-breakpoint
CREATE UNIQUE INDEX "runtimes_active_alias" ON "runtimes" USING btree ("workspace_id","alias") WHERE state not in ('stopped', 'failed');--> statement-breakpoint
CREATE INDEX "runtimes_active_node" ON "runtimes" USING btree ("node_id") WHERE state not in ('stopped', 'failed');