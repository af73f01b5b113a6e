CREATE TYPE "public"."package_format" AS ENUM('zip', 'crx2', 'crx3');--> statement-breakpoint
CREATE TABLE "browser_extensions" (
	"id" uuid PRIMARY KEY NOT NULL,
	"organization_id" uuid NOT NULL,
	"name" text NOT NULL,
	"version" text NOT NULL,
	"manifest_version" integer NOT NULL,
	"format" "package_format" NOT NULL,
	"content_hash" text NOT NULL,
	"size_bytes" bigint NOT NULL,
	"permissions" jsonb NOT NULL,
	"runtime_extension_id" text NOT NULL,
	"warnings" jsonb NOT NULL,
	"key" text NOT NULL,
	"sha256" text NOT NULL,
	"archive_bytes" bigint NOT NULL,
	"created_at" timestamp (3) with time zone DEFAULT now() NOT NULL,
	"updated_at" timestamp (3) with time zone DEFAULT now() NOT NULL,
	CONSTRAINT "browser_extensions_content" UNIQUE("organization_id","content_hash")
);
--> statement-breakpoint
ALTER TABLE "runtimes" ADD COLUMN "extensions" jsonb DEFAULT '[]'::jsonb NOT NULL;--> statement-breakpoint
ALTER TABLE "browser_extensions" ADD CONSTRAINT "browser_extensions_organization_id_organizations_id_fk" FOREIGN KEY ("organization_id") REFERENCES "public"."organizations"("id") ON DELETE no action ON UPDATE no action;