CREATE TYPE "public"."recording_state" AS ENUM('recording', 'encoding', 'ready', 'expired');--> statement-breakpoint
CREATE TABLE "recording_marks" (
	"id" bigint PRIMARY KEY GENERATED ALWAYS AS IDENTITY (sequence name "recording_marks_id_seq" INCREMENT BY 1 MINVALUE 1 MAXVALUE 9223372036854775807 START WITH 1 CACHE 1),
	"recording_id" uuid NOT NULL,
	"at_ms" bigint NOT NULL,
	"type" text NOT NULL,
	"tab_id" text,
	"data" jsonb NOT NULL
);
--> statement-breakpoint
CREATE TABLE "recording_parts" (
	"id" bigint PRIMARY KEY GENERATED ALWAYS AS IDENTITY (sequence name "recording_parts_id_seq" INCREMENT BY 1 MINVALUE 1 MAXVALUE 9223372036854775807 START WITH 1 CACHE 1),
	"recording_id" uuid NOT NULL,
	"tab_id" text NOT NULL,
	"start_ms" bigint NOT NULL,
	"end_ms" bigint NOT NULL,
	"width" integer NOT NULL,
	"height" integer NOT NULL,
	"size_bytes" bigint NOT NULL,
	"key" text NOT NULL
);
--> statement-breakpoint
CREATE TABLE "recording_variants" (
	"part_id" bigint PRIMARY KEY NOT NULL,
	"key" text,
	"size_bytes" bigint DEFAULT 0 NOT NULL,
	"failure" text,
	"claimed_until" timestamp (3) with time zone,
	"attempts" integer DEFAULT 0 NOT NULL,
	"requested_at" timestamp (3) with time zone DEFAULT now() NOT NULL
);
--> statement-breakpoint
CREATE TABLE "recordings" (
	"id" uuid PRIMARY KEY NOT NULL,
	"organization_id" uuid NOT NULL,
	"workspace_id" uuid NOT NULL,
	"runtime_id" uuid NOT NULL,
	"kept_by" uuid,
	"alias" text NOT NULL,
	"generation" integer NOT NULL,
	"node_id" uuid NOT NULL,
	"state" "recording_state" DEFAULT 'recording' NOT NULL,
	"options" jsonb NOT NULL,
	"started_at" timestamp (3) with time zone NOT NULL,
	"ended_at" timestamp (3) with time zone,
	"size_bytes" bigint DEFAULT 0 NOT NULL,
	"recorded_ms" bigint DEFAULT 0 NOT NULL,
	"claimed_until" timestamp (3) with time zone,
	"attempts" integer DEFAULT 0 NOT NULL,
	"is_emptied" boolean DEFAULT false NOT NULL
);
--> statement-breakpoint
ALTER TABLE "runtimes" ADD COLUMN "recording" jsonb;--> statement-breakpoint
ALTER TABLE "recording_marks" ADD CONSTRAINT "recording_marks_recording_id_recordings_id_fk" FOREIGN KEY ("recording_id") REFERENCES "public"."recordings"("id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "recording_parts" ADD CONSTRAINT "recording_parts_recording_id_recordings_id_fk" FOREIGN KEY ("recording_id") REFERENCES "public"."recordings"("id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "recording_variants" ADD CONSTRAINT "recording_variants_part_id_recording_parts_id_fk" FOREIGN KEY ("part_id") REFERENCES "public"."recording_parts"("id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "recordings" ADD CONSTRAINT "recordings_organization_id_organizations_id_fk" FOREIGN KEY ("organization_id") REFERENCES "public"."organizations"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "recordings" ADD CONSTRAINT "recordings_kept_by_runtimes_id_fk" FOREIGN KEY ("kept_by") REFERENCES "public"."runtimes"("id") ON DELETE set null ON UPDATE no action;--> statement-breakpoint
CREATE INDEX "recording_marks_of" ON "recording_marks" USING btree ("recording_id","id");--> statement-breakpoint
CREATE INDEX "recording_parts_of" ON "recording_parts" USING btree ("recording_id","id");--> statement-breakpoint
CREATE INDEX "recording_parts_key" ON "recording_parts" USING btree ("key");--> statement-breakpoint
CREATE INDEX "recording_variants_wanted" ON "recording_variants" USING btree ("requested_at") WHERE key is null and failure is null;--> statement-breakpoint
CREATE INDEX "recording_variants_key" ON "recording_variants" USING btree ("key") WHERE key is not null;--> statement-breakpoint
CREATE UNIQUE INDEX "recordings_life" ON "recordings" USING btree ("runtime_id","generation");--> statement-breakpoint
CREATE INDEX "recordings_newest" ON "recordings" USING btree ("workspace_id","started_at","id");--> statement-breakpoint
CREATE INDEX "recordings_newest_of_all" ON "recordings" USING btree (uuid_send(organization_id),"started_at","id");--> statement-breakpoint
CREATE INDEX "recordings_kept_by" ON "recordings" USING btree ("kept_by") WHERE kept_by is not null;--> statement-breakpoint
CREATE INDEX "recordings_under_way" ON "recordings" USING btree ("node_id") WHERE state = 'recording';--> statement-breakpoint
CREATE INDEX "recordings_encoding" ON "recordings" USING btree ("ended_at") WHERE state = 'encoding';--> statement-breakpoint
CREATE INDEX "recordings_ready" ON "recordings" USING btree ("ended_at") WHERE state = 'ready';--> statement-breakpoint
CREATE INDEX "recordings_doomed" ON "recordings" USING btree ("id") WHERE (kept_by is null or state = 'expired') and not is_emptied;