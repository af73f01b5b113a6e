CREATE TYPE "public"."file_source" AS ENUM('download', 'upload', 'export', 'recording');--> statement-breakpoint
CREATE TYPE "public"."file_state" AS ENUM('arriving', 'stored', 'failed');--> statement-breakpoint
CREATE TABLE "files" (
	"id" uuid PRIMARY KEY NOT NULL,
	"organization_id" uuid NOT NULL,
	"namespace_id" uuid,
	"runtime_id" uuid,
	"kept_by" uuid,
	"path" text COLLATE "C" NOT NULL,
	"source" "file_source" NOT NULL,
	"state" "file_state" NOT NULL,
	"size_bytes" bigint DEFAULT 0 NOT NULL,
	"content_type" text NOT NULL,
	"sha256" text,
	"key" text,
	"url" text,
	"failure" text,
	"node_id" uuid,
	"created_at" timestamp (3) with time zone DEFAULT now() NOT NULL,
	"stored_at" timestamp (3) with time zone,
	CONSTRAINT "files_content" CHECK (case when state = 'stored' then key is not null and sha256 is not null else namespace_id is null end)
);
--> statement-breakpoint
CREATE TABLE "storage_namespaces" (
	"id" uuid PRIMARY KEY DEFAULT gen_random_uuid() NOT NULL,
	"organization_id" uuid NOT NULL,
	"name" text NOT NULL,
	"created_at" timestamp (3) with time zone DEFAULT now() NOT NULL,
	CONSTRAINT "storage_namespaces_name" UNIQUE("organization_id","name"),
	CONSTRAINT "storage_namespaces_owner" UNIQUE("organization_id","id")
);
--> statement-breakpoint
ALTER TABLE "organizations" ADD COLUMN "max_storage_bytes" bigint;--> statement-breakpoint
ALTER TABLE "organizations" ADD COLUMN "storage_bytes" bigint DEFAULT 0 NOT NULL;--> statement-breakpoint
ALTER TABLE "files" ADD CONSTRAINT "files_organization_id_organizations_id_fk" FOREIGN KEY ("organization_id") REFERENCES "public"."organizations"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "files" ADD CONSTRAINT "files_kept_by_runtimes_id_fk" FOREIGN KEY ("kept_by") REFERENCES "public"."runtimes"("id") ON DELETE set null ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "files" ADD CONSTRAINT "files_namespace" FOREIGN KEY ("organization_id","namespace_id") REFERENCES "public"."storage_namespaces"("organization_id","id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "storage_namespaces" ADD CONSTRAINT "storage_namespaces_organization_id_organizations_id_fk" FOREIGN KEY ("organization_id") REFERENCES "public"."organizations"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
CREATE UNIQUE INDEX "files_path" ON "files" USING btree ("namespace_id","path") WHERE namespace_id is not null;--> statement-breakpoint
CREATE INDEX "files_of_runtime" ON "files" USING btree ("runtime_id","created_at","id");--> statement-breakpoint
CREATE INDEX "files_kept_by" ON "files" USING btree ("kept_by") WHERE kept_by is not null;--> statement-breakpoint
CREATE INDEX "files_unkept" ON "files" USING btree ("id") WHERE namespace_id is null and kept_by is null;--> statement-breakpoint
CREATE INDEX "files_arriving" ON "files" USING btree ("node_id") WHERE state = 'arriving';--> statement-breakpoint
CREATE INDEX "files_key" ON "files" USING btree ("key");--> statement-breakpoint
CREATE INDEX "storage_namespaces_newest" ON "storage_namespaces" USING btree ("organization_id","created_at","id");--> statement-breakpoint
-- Keys that may do all that a member may.
UPDATE "api_keys" SET "scopes" = "scopes" || ARRAY['files:read', 'files:write']
WHERE "scopes" @> ARRAY[
	'runtimes:read', 'runtimes:write', 'runtimes:connect', 'workspaces:read', 'workspaces:write',
	'profiles:read', 'profiles:write', 'profiles:export', 'extensions:read', 'extensions:write'
];--> statement-breakpoint
INSERT INTO "storage_namespaces" ("organization_id", "name")
SELECT DISTINCT "organization_id", "mounts" -> 'storage' ->> 'workspace' FROM "workspaces"
WHERE "mounts" -> 'storage' ->> 'workspace' IS NOT NULL;
