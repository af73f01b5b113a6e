CREATE TABLE "sealing_keys" (
	"id" text PRIMARY KEY NOT NULL,
	"created_at" timestamp (3) with time zone DEFAULT now() NOT NULL
);
--> statement-breakpoint
ALTER TABLE "sealing" ALTER COLUMN "sealed" DROP NOT NULL;--> statement-breakpoint
ALTER TABLE "sealing" ADD COLUMN "salt" uuid DEFAULT gen_random_uuid() NOT NULL;