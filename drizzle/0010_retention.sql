CREATE TABLE "storages" (
	"id" uuid PRIMARY KEY DEFAULT gen_random_uuid() NOT NULL,
	"sweep_id" uuid DEFAULT gen_random_uuid() NOT NULL,
	"previous_sweep_id" uuid,
	"created_at" timestamp (3) with time zone DEFAULT now() NOT NULL,
	"swept_at" timestamp (3) with time zone
);
--> statement-breakpoint
CREATE INDEX "browser_extensions_key" ON "browser_extensions" USING btree ("key");--> statement-breakpoint
CREATE INDEX "runtimes_stopped" ON "runtimes" USING btree ("stopped_at") WHERE stopped_at is not null;