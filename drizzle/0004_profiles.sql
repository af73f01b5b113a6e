CREATE TYPE "public"."profile_version_kind" AS ENUM('saved', 'checkpoint', 'recovered', 'imported', 'forked');--> statement-breakpoint
CREATE TABLE "browser_profiles" (
	"id" uuid PRIMARY KEY DEFAULT gen_random_uuid() NOT NULL,
	"organization_id" uuid NOT NULL,
	"name" text NOT NULL,
	"config" jsonb DEFAULT '{}'::jsonb NOT NULL,
	"extension_ids" jsonb DEFAULT '[]'::jsonb NOT NULL,
	"fingerprint" jsonb DEFAULT '{}'::jsonb NOT NULL,
	"fence" bigint DEFAULT 0 NOT NULL,
	"current_version" integer,
	"last_version" integer DEFAULT 0 NOT NULL,
	"created_at" timestamp (3) with time zone DEFAULT now() NOT NULL,
	"updated_at" timestamp (3) with time zone DEFAULT now() NOT NULL,
	CONSTRAINT "browser_profiles_name" UNIQUE("organization_id","name"),
	CONSTRAINT "browser_profiles_owner" UNIQUE("organization_id","id")
);
--> statement-breakpoint
CREATE TABLE "profile_versions" (
	"profile_id" uuid NOT NULL,
	"version" integer NOT NULL,
	"organization_id" uuid NOT NULL,
	"kind" "profile_version_kind" NOT NULL,
	"key" text NOT NULL,
	"size_bytes" bigint NOT NULL,
	"sha256" text NOT NULL,
	"runtime_id" uuid,
	"fence" bigint NOT NULL,
	"created_at" timestamp (3) with time zone DEFAULT now() NOT NULL,
	CONSTRAINT "profile_versions_profile_id_version_pk" PRIMARY KEY("profile_id","version")
);
--> statement-breakpoint
CREATE TABLE "sealing" (
	"id" boolean PRIMARY KEY DEFAULT true NOT NULL,
	"sealed" text NOT NULL
);
--> statement-breakpoint
ALTER TABLE "runtimes" ADD COLUMN "profile_id" uuid;--> statement-breakpoint
ALTER TABLE "runtimes" ADD COLUMN "writes_profile" boolean DEFAULT false NOT NULL;--> statement-breakpoint
ALTER TABLE "browser_profiles" ADD CONSTRAINT "browser_profiles_organization_id_organizations_id_fk" FOREIGN KEY ("organization_id") REFERENCES "public"."organizations"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "profile_versions" ADD CONSTRAINT "profile_versions_owner" FOREIGN KEY ("organization_id","profile_id") REFERENCES "public"."browser_profiles"("organization_id","id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
CREATE INDEX "profile_versions_key" ON "profile_versions" USING btree ("key");--> statement-breakpoint
ALTER TABLE "runtimes" ADD CONSTRAINT "runtimes_profile" FOREIGN KEY ("organization_id","profile_id") REFERENCES "public"."browser_profiles"("organization_id","id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
CREATE UNIQUE INDEX "runtimes_active_profile" ON "runtimes" USING btree ("profile_id") WHERE state not in ('stopped', 'failed') and writes_profile;