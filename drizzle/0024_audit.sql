CREATE TABLE "audit_entries" (
	"id" uuid PRIMARY KEY NOT NULL,
	"organization_id" uuid NOT NULL,
	"key_id" uuid NOT NULL,
	"key_name" text NOT NULL,
	"origin" text NOT NULL,
	"verb" text NOT NULL,
	"workspace_id" uuid,
	"target_kind" text,
	"target_ref" text,
	"target_id" text,
	"path" text NOT NULL,
	"status" smallint NOT NULL,
	"code" text,
	"request_id" text NOT NULL,
	"client_address" text NOT NULL,
	"created_at" timestamp (3) with time zone DEFAULT now() NOT NULL
);
--> statement-breakpoint
CREATE INDEX "audit_entries_newest" ON "audit_entries" USING btree (uuid_send(organization_id),"created_at","id");--> statement-breakpoint
CREATE INDEX "audit_entries_key" ON "audit_entries" USING btree ("organization_id","key_id","created_at","id");--> statement-breakpoint
CREATE INDEX "audit_entries_workspace" ON "audit_entries" USING btree ("organization_id","workspace_id","created_at","id");--> statement-breakpoint
CREATE INDEX "audit_entries_verb" ON "audit_entries" USING btree ("organization_id","verb","created_at","id");--> statement-breakpoint
CREATE INDEX "audit_entries_age" ON "audit_entries" USING btree (timezone('UTC', created_at));