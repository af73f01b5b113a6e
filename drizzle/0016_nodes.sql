CREATE TYPE "public"."node_state" AS ENUM('up', 'draining', 'lost', 'left');--> statement-breakpoint
CREATE TABLE "nodes" (
	"id" uuid PRIMARY KEY NOT NULL,
	"epoch" integer NOT NULL,
	"state" "node_state" NOT NULL,
	"role" text NOT NULL,
	"address" text,
	"build" text NOT NULL,
	"protocol" integer NOT NULL,
	"lease_until" timestamp (3) with time zone NOT NULL,
	"started_at" timestamp (3) with time zone DEFAULT now() NOT NULL
) WITH (fillfactor = 50);
--> statement-breakpoint
ALTER TABLE "idempotency_keys" ADD COLUMN "runtime_id" uuid DEFAULT gen_random_uuid() NOT NULL;--> statement-breakpoint
CREATE INDEX "nodes_state" ON "nodes" USING btree ("state");